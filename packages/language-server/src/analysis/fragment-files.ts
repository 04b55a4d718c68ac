import { closeSync, constants, fstatSync, lstatSync, openSync, readSync, realpathSync } from "node:fs";
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import {
  type FragmentLoader,
  fragmentPlace,
  type LoadedFragment,
  MAX_FRAGMENT_BYTES,
  type UnknownFragment,
} from "@slipway/frontend-dockerfile/language";

/** All fragments of one document together: what is more is not looked into. */
const MAX_TOTAL_BYTES = 4 << 20;
/** How many folders above a document may be its build context. */
const MAX_ROOTS = 32;

/** An open document, as far as fragments are concerned. */
export interface OpenFile {
  readonly uri: string;
  /** As the client has sent it. */
  readonly written: string;
}

/** Where fragments are looked for. */
export interface FragmentScope {
  /** The document that the client has open at a path; it goes before the file. */
  readonly find: (file: string) => OpenFile | undefined;
  /** Absolute paths of the folders that the client has open. */
  readonly folders: readonly string[];
}

/** A fragment that was put into a document. */
export interface FragmentFile {
  readonly uri: string;
  readonly path: string;
  readonly written: string;
}

type Content = { readonly written: string } | "absent" | "unknown" | "too long";

/** The path of a `file:` URI; undefined for any other one. */
export function filePath(uri: string): string | undefined {
  try {
    return uri.startsWith("file:") ? fileURLToPath(uri) : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Finds the fragments of one version of a document among the files next to it. A build's context is not known to an editor:
 * the folder of the document is tried first, then those above it within the folder that the client has open. Nothing outside
 * of these is read, wherever links lead, and repositories and images are not asked.
 */
export class FragmentFiles implements FragmentLoader<string | undefined> {
  readonly context = undefined;
  /** By the names that locations have. */
  readonly found = new Map<string, FragmentFile>();
  readonly #scope: FragmentScope;
  readonly #roots: readonly string[];
  readonly #seen = new Map<string, unknown>();
  readonly #labels = new Map<string, string>();
  #bytes = 0;

  constructor(document: string, scope: FragmentScope) {
    this.#scope = scope;
    this.#roots = rootsOf(path.dirname(document), scope.folders);
  }

  /** The files that were looked for, whether or not they are there. */
  get paths(): ReadonlySet<string> {
    return new Set(this.#seen.keys());
  }

  /** Whether a file was put in as a fragment. */
  includes(file: string): boolean {
    return [...this.found.values()].some((each) => each.path === file);
  }

  /** True when one of the files is not what it was. */
  isStale(): boolean {
    for (const [file, state] of this.#seen) if (this.#stateOf(file) !== state) return true;
    return false;
  }

  load(
    source: string,
    from: { readonly root: string | undefined; readonly folder: string },
  ): LoadedFragment<string | undefined> | UnknownFragment {
    const place = fragmentPlace(source, from.folder);
    if (place.kind !== "path") return { kind: "unknown" };
    const roots = from.root === undefined ? this.#roots : [from.root];
    for (const root of roots) {
      const file = path.join(root, ...place.path.split("/"));
      const content = this.#read(file, root);
      if (content === "absent") continue;
      if (content === "unknown") return { kind: "unknown" };
      if (content === "too long") {
        // As a build says it. Not thrown: the published language server has a class of its own for that.
        const message = `${place.path} is longer than ${MAX_FRAGMENT_BYTES} bytes`;
        const hint = "Fragments are parts of Dockerfiles: COPY is for data.";
        return { kind: "unknown", problem: { code: "INCLUDE_INVALID", message, hint } };
      }
      const label = this.#labelOf(file, place.path);
      const uri = this.#scope.find(file)?.uri ?? pathToFileURL(file).href;
      this.found.set(label, { uri, path: file, written: content.written });
      const folder = path.posix.dirname(place.path);
      return { kind: "fragment", text: content.written, label, root, folder };
    }
    return { kind: "unknown", problem: notFound(place.path, roots) };
  }

  /** Files of the same path in different folders need different names. */
  #labelOf(file: string, relative: string): string {
    const known = this.#labels.get(file);
    if (known !== undefined) return known;
    const label = this.found.has(relative) ? file : relative;
    this.#labels.set(file, label);
    return label;
  }

  #read(file: string, root: string): Content {
    const open = this.#scope.find(file);
    this.#seen.set(file, this.#stateOf(file));
    const content = open === undefined ? readWithin(file, root) : { written: open.written };
    if (typeof content === "string") return content;
    const { length } = content.written;
    if (length > MAX_FRAGMENT_BYTES) return "too long";
    this.#bytes += length;
    return this.#bytes > MAX_TOTAL_BYTES ? "unknown" : content;
  }

  /** What is the same as long as a file is. */
  #stateOf(file: string): unknown {
    const open = this.#scope.find(file);
    if (open !== undefined) return open.written;
    try {
      const real = realpathSync(file);
      const { ino, size, mtimeNs, ctimeNs } = lstatSync(real, { bigint: true });
      return `${real} ${ino} ${size} ${mtimeNs} ${ctimeNs}`;
    } catch {
      return "absent";
    }
  }
}

function notFound(relative: string, roots: readonly string[]): UnknownFragment["problem"] {
  const [first = "", last] = [roots[0], roots.length > 1 ? roots.at(-1) : undefined];
  return {
    severity: "warning",
    code: "INCLUDE_NOT_FOUND",
    message: `there is no file ${relative} in ${first}${last === undefined ? "" : ` and the folders above it, up to ${last}`}`,
    hint: "Paths count from the root of the build context; with ./ in front, in a fragment, from the fragment itself.",
  };
}

/** What may be the build context: the document's folder and those above it, up to one that the client has open. */
function rootsOf(folder: string, open: readonly string[]): readonly string[] {
  const top = open.filter((each) => isWithin(folder, each)).toSorted((a, b) => a.length - b.length)[0];
  const roots = [folder];
  while (top !== undefined && roots.at(-1) !== top && roots.length < MAX_ROOTS)
    roots.push(path.dirname(roots.at(-1)!));
  return roots;
}

function isWithin(file: string, folder: string): boolean {
  const relative = path.relative(folder, file);
  return (
    relative === "" ||
    !(relative === ".." || relative.startsWith(`..${path.sep}`) || path.isAbsolute(relative))
  );
}

/** Reads a file that is in a folder, links followed. Devices and pipes are not opened to be read. */
function readWithin(file: string, root: string): Content {
  let real: string;
  try {
    real = realpathSync(file);
    // A build follows links within the context, which is not where they lead here.
    if (!isWithin(real, realpathSync(root))) return "unknown";
  } catch (error) {
    return isMissing(error) ? "absent" : "unknown";
  }
  let descriptor: number | undefined;
  try {
    // Not on every system: a pipe would block the open, a link may have come in between.
    const { O_NONBLOCK = 0, O_NOFOLLOW = 0 } = constants as Partial<typeof constants>;
    descriptor = openSync(real, constants.O_RDONLY | O_NONBLOCK | O_NOFOLLOW);
    const stats = fstatSync(descriptor);
    if (!stats.isFile()) return stats.isDirectory() ? "absent" : "unknown";
    return readAll(descriptor);
  } catch (error) {
    return isMissing(error) ? "absent" : "unknown";
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}

function readAll(descriptor: number): Content {
  const chunks: Buffer[] = [];
  let length = 0;
  for (;;) {
    const chunk = Buffer.allocUnsafe(64 << 10);
    const count = readSync(descriptor, chunk, 0, chunk.length, null);
    if (count === 0) break;
    length += count;
    if (length > MAX_FRAGMENT_BYTES) return "too long";
    chunks.push(chunk.subarray(0, count));
  }
  return { written: new TextDecoder("utf-8", { ignoreBOM: true }).decode(Buffer.concat(chunks)) };
}

function isMissing(error: unknown): boolean {
  return ["ENOENT", "ENOTDIR", "EISDIR"].includes((error as NodeJS.ErrnoException).code ?? "");
}
