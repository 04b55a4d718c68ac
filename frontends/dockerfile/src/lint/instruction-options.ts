import type { Comment, DockerfileTree, InstructionNode } from "../syntax/syntax-tree.ts";
import { directiveValue, parseCheckOptions, type CheckOptions } from "./check-options.ts";

const CHECK_COMMENT = /^check\s*=\s*(\S.*)$/i;

/** True for `check=…`, which is for the machine and not for people. */
export function isCheckComment({ text }: Comment): boolean {
  return CHECK_COMMENT.test(text);
}

/**
 * The comments above each instruction, by its first offset. Unlike the tree's, empty lines do not end a block: BuildKit
 * takes what stands between two instructions together, and begins anew behind an empty comment.
 */
export function commentsAbove(tree: DockerfileTree): ReadonlyMap<number, readonly Comment[]> {
  const found = new Map<number, readonly Comment[]>();
  let next = 0;
  let from = tree.directives.at(-1)?.span.end ?? 0;
  let file = 0;
  // Fragments stand behind the file, each in one piece.
  for (const { span } of inOrderOfText(tree)) {
    const own = tree.source.fileIndex(span.start);
    if (own !== file) from = tree.source.files[(file = own)]!.start;
    let block: Comment[] = [];
    for (; next < tree.comments.length && tree.comments[next]!.span.start < span.start; next++) {
      const comment = tree.comments[next]!;
      if (comment.span.start < from) continue;
      if (comment.text === "") block = [];
      else block.push(comment);
    }
    if (block.length > 0) found.set(span.start, block);
    from = span.end;
  }
  return found;
}

/** Instructions in the order of their offsets, which is not that of the file where fragments were put in. */
export function inOrderOfText({ source, instructions }: DockerfileTree): readonly InstructionNode[] {
  return source.files.length === 1
    ? instructions
    : instructions.toSorted((a, b) => a.span.start - b.span.start);
}

/** What the first `# check=` comment above an instruction says; what it cannot mean is ignored. */
export function instructionCheckOptions(
  above: ReadonlyMap<number, readonly Comment[]>,
  node: InstructionNode,
): CheckOptions | undefined {
  for (const { text } of above.get(node.span.start) ?? []) {
    const value = CHECK_COMMENT.exec(text)?.[1];
    if (value === undefined) continue;
    const options = parseCheckOptions(directiveValue(value));
    return typeof options === "string" ? undefined : options;
  }
  return undefined;
}
