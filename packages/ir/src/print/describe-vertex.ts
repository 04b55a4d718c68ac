import { formatPlatform, unreachable } from "@slipway/oci";
import type { Op } from "../op.ts";
import type { Edge, Vertex } from "../vertex.ts";

/** A role that an input plays for an op, in words: `root`, `/mnt`, `copy from`, … One for each use. */
export function inputRoles(op: Op, inputCount: number): string[][] {
  const roles: string[][] = Array.from({ length: inputCount }, () => []);
  const add = (index: number, role: string) => {
    const list = roles[index];
    if (list && !list.includes(role)) list.push(role);
  };
  switch (op.kind) {
    case "source":
      break;
    case "exec":
      for (const mount of op.mounts) add(mount.input, mount.dest === "/" ? "root" : `mount ${mount.dest}`);
      break;
    case "file":
      for (const action of op.actions) {
        if (action.kind === "copy") add(action.secondaryInput, "copy from");
        add(action.input, "base");
      }
      break;
    case "merge":
      for (const [i, input] of op.inputs.entries()) add(input, `layer ${i}`);
      break;
    case "diff":
      add(op.lower, "lower");
      add(op.upper, "upper");
      break;
    case "build":
      for (const [name, input] of Object.entries(op.inputs)) add(input, name);
      break;
    default:
      unreachable(op, "op");
  }
  return roles;
}

/** The first 12 hex digits of a vertex's digest. */
export function shortDigest(vertex: Vertex): string {
  return vertex.digest.replace(/^sha256:/, "").slice(0, 12);
}

/** `linux/amd64, no cache`, or nothing. */
export function vertexTraits(vertex: Vertex): string[] {
  const traits: string[] = [];
  if (vertex.constraints.platform) traits.push(formatPlatform(vertex.constraints.platform));
  if (vertex.metadata.ignoreCache) traits.push("no cache");
  return traits;
}

/** ` [1]` for outputs other than the first. */
export function outputSuffix(edge: Edge): string {
  return edge.index === 0 ? "" : ` [${edge.index}]`;
}

/** Text on one line, whatever it holds. */
export function oneLine(text: string, maxLength = 200): string {
  // Control characters of a hostile name must not reach the terminal.
  const flat = text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]+/gu, " ").trim();
  return flat.length > maxLength ? `${flat.slice(0, maxLength - 1)}…` : flat;
}
