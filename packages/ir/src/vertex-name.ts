import { unreachable } from "@slipway/oci";
import type { FileAction, Op } from "./op.ts";
import type { Vertex } from "./vertex.ts";

/** The description key that holds the name people see. */
export const CUSTOM_NAME = "llb.customname";

/**
 * What to call a vertex in progress, errors and the descriptions of a store: its custom name, else what BuildKit would
 * call its op. Passwords of URLs are left out.
 */
export function vertexName(vertex: Vertex): string {
  const name = vertex.metadata.description[CUSTOM_NAME] || opName(vertex.op);
  return name.replace(/\b([a-z][a-z0-9+.-]{1,20}:\/\/[^\s/@:]*):[^\s/@]+@/gi, "$1:xxxxx@");
}

/** `docker-image://…`, the command line, `copy /a /b`, `merge`, … */
export function opName(op: Op): string {
  switch (op.kind) {
    case "source":
      return op.identifier;
    case "exec":
      return op.meta.args.join(" ");
    case "file":
      return op.actions.map(actionName).join(", ");
    case "merge":
      return "merge";
    case "diff":
      return "diff";
    case "build":
      return "build";
    default:
      return unreachable(op, "op");
  }
}

function actionName(action: FileAction): string {
  switch (action.kind) {
    case "copy":
      return `copy ${action.src} ${action.dest}`;
    case "mkfile":
    case "mkdir":
    case "rm":
      return `${action.kind} ${action.path}`;
    case "symlink":
      return `symlink ${action.oldPath} ${action.newPath}`;
    default:
      return unreachable(action, "file action");
  }
}
