import { allowsIncludes } from "./directives.ts";
import type { DockerfileTree } from "./syntax-tree.ts";

/** True when a tree has INCLUDE instructions in whose place their fragments were not put: they may hold anything. */
export function hasUnknownFragments(tree: DockerfileTree): boolean {
  return allowsIncludes(tree.directives) && tree.instructions.some(({ name }) => name === "include");
}
