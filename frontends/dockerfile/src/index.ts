import { defineFrontend } from "@slipway/frontend-sdk";
import type { DockerfileTree } from "./syntax/syntax-tree.ts";

/**
 * The Dockerfile frontend. Importing it is cheap: the parser is loaded with the first build.
 * @see Dockerfile reference; what it says less than exactly is as BuildKit does it
 */
export const dockerfile = defineFrontend({
  name: "dockerfile.v0",
  fileNames: ["Dockerfile", "Containerfile"],
  syntaxImages: ["docker/dockerfile", "docker/dockerfile-upstream"],
  build: async (request, bridge, signal) => (await import("./build.ts")).build(request, bridge, signal),
});

/**
 * Parses a Dockerfile to its syntax tree, without judging instructions, flags and stages.
 * @param file name that errors carry
 * @throws InputError when directives or here-documents are broken
 */
export async function parseDockerfile(text: string, file = "Dockerfile"): Promise<DockerfileTree> {
  return (await import("./syntax/parser.ts")).parseText(text, file);
}

export {
  expandText,
  ExpansionError,
  type ExpandOptions,
  type Expansion,
  type Lookup,
} from "./expand/expand.ts";
export {
  gitSource,
  isGitReference,
  isHttpReference,
  parseGitReference,
  type GitReference,
  type SourceDescription,
} from "./compile/sources/git-reference.ts";
export * from "./tree-exports.ts";
