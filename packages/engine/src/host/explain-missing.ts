import fs from "node:fs";
import path from "node:path";
import type { Vertex } from "@slipway/ir";
import { InputError } from "@slipway/oci";

/** Enough for any path; what goes on longer is links in a circle. */
const MAX_STEPS = 1000;

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
  // Where the error names what was meant, more is known than can be seen from here.
  if (typeof wanted !== "string" || folder === undefined || error.data["real"] !== undefined) return error;
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
  const link = brokenLink(root, wanted);
  if (link !== undefined) {
    return `"/${link.name}" is a symbolic link to "${link.target}", which is not there; absolute targets begin at the top of the folder, and no link leads out of it.`;
  }
  if (lstat(file) !== undefined)
    return "The file is there, but .dockerignore leaves it out: add a line that begins with ! for it.";
  const folder = path.dirname(file);
  const base = path.basename(file).toLowerCase();
  const near = namesIn(folder).find((name) => name.toLowerCase() === base);
  if (near !== undefined) {
    return `Did you mean "/${path.join(path.relative(root, folder), near)}"? Upper and lower case differ.`;
  }
  return undefined;
}

/** The first symlink on the way to a path, when the file is not there behind it. Links do not lead out of `root`. */
function brokenLink(root: string, wanted: string): { name: string; target: string } | undefined {
  let first: { name: string; target: string } | undefined;
  let rest = wanted.split("/").filter(Boolean);
  let at: string[] = [];
  for (let steps = 0; rest.length > 0 && steps < MAX_STEPS; steps++) {
    const [part = "", ...further] = rest;
    rest = further;
    if (part === ".") continue;
    if (part === "..") {
      at.pop();
      continue;
    }
    const stat = lstat(path.join(root, ...at, part));
    if (stat === undefined) return first;
    if (!stat.isSymbolicLink()) {
      at.push(part);
      continue;
    }
    const target = fs.readlinkSync(path.join(root, ...at, part));
    first ??= { name: [...at, part].join("/"), target };
    if (target.startsWith("/")) at = [];
    rest = [...target.split("/").filter(Boolean), ...rest];
  }
  return undefined;
}

/** Undefined also when something above is no folder. */
function lstat(file: string): fs.Stats | undefined {
  try {
    return fs.lstatSync(file);
  } catch {
    return undefined;
  }
}

function namesIn(folder: string): string[] {
  try {
    return fs.readdirSync(folder);
  } catch {
    return [];
  }
}
