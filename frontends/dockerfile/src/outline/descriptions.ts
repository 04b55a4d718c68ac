import { inOrderOfText } from "../lint/instruction-options.ts";
import type { Comment, DockerfileTree, InstructionNode } from "../syntax/syntax-tree.ts";

/** Finds descriptions in comments. */
export interface Descriptions {
  /** What the comments above an instruction of the file say of a name. */
  of(node: InstructionNode, name: string): string | undefined;
}

/**
 * Reads descriptions: a comment `# name says what it is` between an instruction and the one before it describes a stage
 * or an ARG of that name. Empty lines between do not matter, the first such comment counts, and it has to begin its
 * line: all as in BuildKit.
 */
export function readDescriptions(tree: DockerfileTree): Descriptions {
  const { text } = tree.source;
  const above = new Map<InstructionNode, readonly Comment[]>();
  const comments = tree.comments.values();
  let comment = comments.next();
  for (const node of inOrderOfText(tree)) {
    const block: Comment[] = [];
    for (; !comment.done && comment.value.span.start < node.span.end; comment = comments.next()) {
      const { start } = comment.value.span;
      const beginsLine = start === 0 || text[start - 1] === "\n";
      if (start < node.span.start && beginsLine) block.push(comment.value);
    }
    if (block.length > 0) above.set(node, block);
  }
  return {
    of(node, name) {
      const found = above.get(node)?.find((each) => each.text.startsWith(`${name} `));
      return found?.text.slice(name.length + 1) || undefined;
    },
  };
}
