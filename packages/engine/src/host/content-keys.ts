import { type CopyAction, NO_INPUT, NO_OUTPUT, type Vertex } from "@slipway/ir";
import { sha256, unreachable, type Digest } from "@slipway/oci";
import type { Ref } from "@slipway/engine-sdk";
import { chainIdentity } from "./chain-identity.ts";
import { opDigest } from "@slipway/solver";
import { selectCopySources, selectionDigest, type MergedView, type Store } from "@slipway/store";

/** Bump when what goes into a key, or what executing an op gives, changes. */
const KEY_VERSION = "slipway.content-key.v3";

/** The copy that takes all of a folder: what a process that can read a mount can see of it. */
const WHOLE: CopyAction = {
  kind: "copy",
  input: NO_INPUT,
  secondaryInput: 0,
  output: NO_OUTPUT,
  src: "/",
  dest: "/",
  mode: -1,
  modeStr: "",
  followSymlink: true,
  dirCopyContents: true,
  attemptUnpack: false,
  createDestPath: true,
  allowWildcard: false,
  allowEmptyWildcard: false,
  timestampNs: -1n,
  includePatterns: [],
  excludePatterns: [],
  alwaysReplaceExistingDestPaths: false,
  requiredPaths: [],
};

/**
 * What identifies a filesystem as a whole: its chain of layers, whose ids stand for content. A folder of the context
 * has no lasting id, so that its content is hashed.
 */
async function refIdentity(store: Store, ref: Ref, signal: AbortSignal): Promise<string> {
  const identity = chainIdentity(ref, (id) => store.layers.isVolatile(id));
  if (identity !== undefined) return identity;
  return `content ${await partDigest(store, ref, "/", signal)}`;
}

/**
 * The content key of a solved vertex; see SolverHost.contentKey. A step that may look at all of an input is keyed by
 * that input's chain; one that sees a part (a copy, a read-only mount) by the content of the part.
 */
export async function contentKey(
  store: Store,
  vertex: Vertex,
  inputs: readonly Ref[],
  signal: AbortSignal,
): Promise<Digest | null> {
  const { op } = vertex;
  switch (op.kind) {
    case "source":
    case "build":
      return null;
    case "exec": {
      const parts: string[] = [];
      for (const mount of op.mounts) {
        const ref = inputs[mount.input];
        if (!ref) continue;
        const seenInPart = mount.kind === "bind" && mount.dest !== "/" && mount.readonly;
        parts.push(
          `${mount.dest} ${seenInPart ? `part ${await partDigest(store, ref, mount.selector, signal)}` : await refIdentity(store, ref, signal)}`,
        );
      }
      return keyOf(vertex, parts);
    }
    case "file": {
      const whole = new Set<number>();
      const parts: string[] = [];
      const views = new Map<number, MergedView>();
      for (const action of op.actions) {
        if (action.input >= 0) whole.add(action.input);
        const owner = "owner" in action ? action.owner : undefined;
        for (const who of [owner?.user, owner?.group]) if (who?.kind === "name") whole.add(who.input);
        if (action.kind !== "copy") continue;
        const source = inputs[action.secondaryInput];
        if (!source) continue;
        let view = views.get(action.secondaryInput);
        if (!view) views.set(action.secondaryInput, (view = await store.roots.view(source, signal)));
        parts.push(`copy ${await copyDigest(action, view, signal)}`);
      }
      for (const index of [...whole].sort((a, b) => a - b)) {
        const ref = inputs[index];
        if (ref) parts.push(`input ${index} ${await refIdentity(store, ref, signal)}`);
      }
      return keyOf(vertex, parts);
    }
    case "merge":
    case "diff":
      return keyOf(vertex, await Promise.all(inputs.map((ref) => refIdentity(store, ref, signal))));
    default:
      return unreachable(op, "op");
  }
}

async function partDigest(store: Store, ref: Ref, selector: string, signal: AbortSignal): Promise<Digest> {
  const action: CopyAction = { ...WHOLE, src: selector === "" ? "/" : selector };
  return copyDigest(action, await store.roots.view(ref, signal), signal);
}

/** Digest of what a copy selects: the part of its source that it can see. */
function copyDigest(action: CopyAction, view: MergedView, signal: AbortSignal): Promise<Digest> {
  return selectionDigest(selectCopySources({ action, source: view }), (files) => view.digests(files, signal));
}

function keyOf(vertex: Vertex, parts: readonly string[]): Digest {
  return sha256([KEY_VERSION, opDigest(vertex), ...parts].join("\n"));
}
