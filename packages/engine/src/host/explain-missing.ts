import fs from "node:fs";
import path from "node:path";
import type { Vertex } from "@slipway/ir";
import { InputError } from "@slipway/oci";

/**
 * Says more about a file that a step did not find, when it was to come from a folder of this machine: whether it is
 * there and only left out by ignore patterns, or what is there under nearly that name.
 */
export function explainMissing(
  error: unknown,
  vertex: Vertex,
  folders: Readonly<Record<string, string>>,
): unknown {
  if (!(error instanceof InputError) || error.code !== "FILE_NOT_FOUND") return error;
  const wanted = error.data["path"];
  const folder = localFolder(vertex, folders);
  if (typeof wanted !== "string" || folder === undefined) return error;
  const { name, root } = folder;
  const where = name === "context" ? "the build context" : `the folder "${name}"`;
  const message = error.message.replace(/ not found(?=$|,)/, ` not found in ${where}`);
  return new InputError(error.code, message, {
    hint: hintFor(root, wanted) ?? error.hint,
    data: error.data,
    cause: error.cause,
    ...(error.location ? { location: error.location } : {}),
  });
}

/** The only local folder among a vertex's inputs; undefined when there are none or several. */
function localFolder(
  vertex: Vertex,
  folders: Readonly<Record<string, string>>,
): { name: string; root: string } | undefined {
  const names = new Set<string>();
  for (const { vertex: input } of vertex.inputs) {
    if (input.op.kind === "source" && input.op.identifier.startsWith("local://")) {
      names.add(input.op.identifier.slice("local://".length));
    }
  }
  const [name, ...others] = names;
  const root = name !== undefined && Object.hasOwn(folders, name) ? folders[name] : undefined;
  return name === undefined || root === undefined || others.length > 0 ? undefined : { name, root };
}

function hintFor(root: string, wanted: string): string | undefined {
  const file = path.join(root, path.posix.join("/", wanted));
  if (exists(file))
    return "The file is there, but .dockerignore leaves it out: add a line that begins with ! for it.";
  const folder = path.dirname(file);
  const base = path.basename(file).toLowerCase();
  const near = namesIn(folder).find((name) => name.toLowerCase() === base);
  if (near !== undefined) {
    return `Did you mean "/${path.join(path.relative(root, folder), near)}"? Upper and lower case differ.`;
  }
  return undefined;
}

function exists(file: string): boolean {
  return fs.lstatSync(file, { throwIfNoEntry: false }) !== undefined;
}

function namesIn(folder: string): string[] {
  try {
    return fs.readdirSync(folder);
  } catch {
    return [];
  }
}
