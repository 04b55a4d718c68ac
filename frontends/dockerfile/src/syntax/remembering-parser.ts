import { sha256 } from "@slipway/oci";
import type { FrontendMemory } from "@slipway/frontend-sdk";
import type { Problem } from "../problems.ts";
import type { DockerfileParser } from "./parser.ts";
import { SourceText } from "./source-text.ts";
import type { DockerfileTree } from "./syntax-tree.ts";

/** Bump when the tree that a text parses to changes, in shape or content; a test compares it with a sample. */
export const TREE_VERSION = 2;

/** A parser that may know the answer already. */
export interface RememberingParser {
  /** Like DockerfileParser.parse. */
  parse(
    text: string,
    options: { readonly file: string; readonly problems: Problem[] },
  ): Promise<DockerfileTree>;
}

/**
 * Parses each text once, if there is a memory: loading Chevrotain and building the grammar takes longer than all that
 * a cached build does with the tree. Texts with mistakes are parsed each time.
 */
export function createRememberingParser(memory: FrontendMemory | undefined): RememberingParser {
  let parser: Promise<DockerfileParser> | undefined;

  async function parseAnew(
    text: string,
    options: { readonly file: string; readonly problems: Problem[] },
  ): Promise<DockerfileTree> {
    parser ??= import("./parser.ts").then(({ createDockerfileParser }) => createDockerfileParser());
    return (await parser).parse(text, options);
  }

  return {
    async parse(text, options) {
      if (memory === undefined) return parseAnew(text, options);
      const key = sha256(`dockerfile tree ${TREE_VERSION}\n${text}`);
      const known = await memory.get(key);
      if (known !== undefined) return treeOf(known, new SourceText(options.file, text));
      const problemsBefore = options.problems.length;
      const tree = await parseAnew(text, options);
      if (options.problems.length === problemsBefore) await memory.put(key, bytesOf(tree));
      return tree;
    },
  };
}

function bytesOf({ source: _source, ...rest }: DockerfileTree): Uint8Array {
  return Buffer.from(JSON.stringify(rest), "utf8");
}

function treeOf(bytes: Uint8Array, source: SourceText): DockerfileTree {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("utf8");
  return { source, ...(JSON.parse(text) as Omit<DockerfileTree, "source">) };
}
