import type { BytePath } from "../layer-index/byte-path.ts";
import type { DirNode, TreeNode } from "./tree-nodes.ts";

const MAX_LINKS = 40;

/** What is at a path of a tree, no link followed; undefined when nothing is. */
export function nodeAt(root: DirNode, path: string | readonly string[]): TreeNode | undefined {
  let node: TreeNode | undefined = root;
  const parts = typeof path === "string" ? (path === "" ? [] : path.split("/")) : path;
  for (const part of parts) node = node?.kind === "dir" ? node.children.get(part) : undefined;
  return node;
}

/**
 * The path with the symbolic links in its folders followed, within the root and as far as they are in the tree; the last
 * name is not followed. The path itself when links lead in a circle.
 * @param options.mayMakeFolders whether a link may lead to a folder that is not there; if not, the path itself is returned
 */
export function realPath(
  root: DirNode,
  path: BytePath,
  options: { readonly mayMakeFolders: boolean },
): BytePath {
  if (!goesThroughLink(root, path)) return path;
  const rest = path.split("/");
  const last = rest.pop()!;
  let real: string[] = [];
  // How many parts of the rest are of links' targets, and not of the path.
  let ofLinks = 0;
  for (let links = 0; rest.length > 0;) {
    const name = rest.shift()!;
    const isOfLink = ofLinks > 0;
    if (isOfLink) ofLinks--;
    if (name === "" || name === ".") continue;
    if (name === "..") {
      real.pop();
      continue;
    }
    const node = nodeAt(root, [...real, name]);
    if (node?.kind !== "symlink") {
      const isThere = node !== undefined && node.kind !== "whiteout";
      if (isOfLink && !isThere && !options.mayMakeFolders) return path;
      real.push(name);
      continue;
    }
    if (++links > MAX_LINKS) return path;
    const parts = node.target.split("/");
    if (node.target.startsWith("/")) real = [];
    rest.unshift(...parts);
    ofLinks += parts.length;
  }
  return [...real, last].join("/") as BytePath;
}

/** Most paths don't, and are to cost no more than the walk. */
function goesThroughLink(root: DirNode, path: BytePath): boolean {
  let dir = root;
  for (let at = 0; ;) {
    const slash = path.indexOf("/", at);
    if (slash < 0) return false;
    const node = dir.children.get(path.slice(at, slash));
    if (node?.kind !== "dir") return node?.kind === "symlink";
    dir = node;
    at = slash + 1;
  }
}
