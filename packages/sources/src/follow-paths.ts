import fs from "node:fs";
import path from "node:path";
import { matchGlob } from "@slipway/ir/patterns";

const MAX_LINKS = 255;

/**
 * Turns the paths that a build looks up in a folder into include patterns, adding what symlinks on the way point at,
 * so that following a link in the build finds its target. Links never lead out of the folder: absolute targets start
 * at its root. Wildcards are those of Go's filepath.Match, per component.
 * @returns undefined when everything is wanted.
 */
export function followPaths(root: string, wanted: readonly string[]): string[] | undefined {
  const patterns = new Set<string>();
  let links = 0;
  let wantsRoot = false;

  function follow(done: readonly string[], rest: readonly Component[]): void {
    const [component, ...further] = rest;
    if (component === undefined) {
      // A link to the root itself.
      if (done.length === 0) wantsRoot = true;
      patterns.add(done.map(escapeGlob).join("/"));
      return;
    }
    if (component.glob) {
      for (const name of namesIn(path.join(root, ...done))) {
        if (matchGlob(component.text, name)) follow(done, [{ text: name, glob: false }, ...further]);
      }
      // Kept as written, too: a pattern that matches nothing must not turn into "everything".
      patterns.add([...done.map(escapeGlob), component.text, ...further.map(patternOf)].join("/"));
      return;
    }
    const here = [...done, component.text];
    const target = linkTarget(path.join(root, ...here));
    if (target === undefined) {
      follow(here, further);
      return;
    }
    patterns.add(here.map(escapeGlob).join("/"));
    if (++links > MAX_LINKS) return;
    const absolute = path.posix.isAbsolute(target) ? target : path.posix.join("/", ...done, target);
    follow([], [...split(absolute).map((text) => ({ text, glob: false })), ...further]);
  }

  for (const text of wanted) {
    const parts = split(text);
    if (parts.length === 0) return undefined;
    follow(
      [],
      parts.map((part) => ({ text: part, glob: /[*?[\\]/.test(part) })),
    );
  }
  return patterns.size === 0 || wantsRoot ? undefined : [...patterns].sort();
}

/**
 * The folders that patterns of `followPaths` look for names in: what stands before the first wildcard. They are
 * wanted themselves, so that a wildcard which matches nothing there is told from a folder that is missing.
 */
export function foldersOfWildcards(patterns: readonly string[]): ReadonlySet<string> {
  const folders = new Set<string>();
  for (const pattern of patterns) {
    const parts = pattern.split("/");
    const firstWild = parts.findIndex((part) => /[*?[]/.test(part.replace(/\\./g, "")));
    for (let length = 1; length <= firstWild; length++) {
      folders.add(parts.slice(0, length).join("/").replace(/\\(.)/g, "$1"));
    }
  }
  return folders;
}

interface Component {
  readonly text: string;
  /** Whether `text` is a pattern; names found on disk are not, whatever they look like. */
  readonly glob: boolean;
}

function patternOf(component: Component): string {
  return component.glob ? component.text : escapeGlob(component.text);
}

function split(text: string): string[] {
  return path.posix.join("/", text).split("/").filter(Boolean);
}

function escapeGlob(name: string): string {
  return name.replace(/[*?[\\]/g, "\\$&");
}

function linkTarget(file: string): string | undefined {
  try {
    return fs.readlinkSync(file);
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
