import type { Problem } from "../../problems.ts";
import type { RememberingParser } from "../../syntax/remembering-parser.ts";
import type { DockerfileTree, InstructionNode } from "../../syntax/syntax-tree.ts";

const ANYWHERE = /#!\s*commit\b/i;
const AT_END = /\s#!\s*commit\s*$/i;
/** What has a shell, to which the annotation is a comment. */
const SHELL_FORM = /^\s*(?:onbuild\s+)*(?:run|cmd|entrypoint|healthcheck)\b/i;

/** A file whose instructions may be marked as points at which the image is committed. */
export interface AnnotatedFile {
  /** Of the text without the annotations, which are blanked, so that everything keeps its place. */
  readonly tree: DockerfileTree;
  /** The instructions that end in `#!COMMIT`. */
  readonly commits: ReadonlySet<InstructionNode>;
}

/** What a file says of commits. */
export interface CommitMarks {
  /** The text with the annotations blanked that would be taken for something else, so that everything keeps its place. */
  readonly text: string;
  /** Offsets of the instructions that end in one. */
  readonly starts: ReadonlySet<number>;
}

/** Finds the annotations of a parsed file; undefined when there is none. */
export function findCommitMarks(tree: DockerfileTree): CommitMarks | undefined {
  const { text, hasByteOrderMark } = tree.source;
  if (!ANYWHERE.test(text)) return undefined;
  const starts = new Set<number>();
  const parts = [hasByteOrderMark ? "\uFEFF" : ""];
  let done = 0;
  for (const node of tree.instructions) {
    const end = lineEnd(text, node, tree.escape);
    const found = AT_END.exec(text.slice(node.span.start, end));
    if (found === null) continue;
    starts.add(node.span.start);
    const start = node.span.start + found.index;
    if (staysForShell(text.slice(node.span.start, start), node)) continue;
    parts.push(text.slice(done, start), " ".repeat(end - start));
    done = end;
  }
  parts.push(text.slice(done));
  return { text: parts.join(""), starts };
}

/**
 * Parses a file in which lines may end in `#!COMMIT`. To a shell that is a comment, and there it stays, so that a step
 * is the same with and without; elsewhere it would be an argument and is taken out.
 */
export async function parseAnnotated(
  parser: RememberingParser,
  text: string,
  options: { readonly file: string; readonly problems: Problem[] },
): Promise<AnnotatedFile> {
  const problems: Problem[] = [];
  const first = await parser.parse(text, { ...options, problems });
  const marks = findCommitMarks(first);
  const isSame = marks === undefined || marks.text === text;
  const tree = isSame ? first : await parser.parse(marks.text, options);
  if (isSame) options.problems.push(...problems);
  const starts = marks?.starts ?? new Set();
  return { tree, commits: new Set(tree.instructions.filter(({ span }) => starts.has(span.start))) };
}

/** Arrays and here-documents would be taken for something else with the annotation behind them. */
function staysForShell(written: string, node: InstructionNode): boolean {
  if (!SHELL_FORM.test(written) || node.heredocs.length > 0 || written.includes("<<")) return false;
  return !/\]$/.test(written);
}

/** Where the instruction ends, before its here-documents: the end of the first line that is not continued. */
function lineEnd(text: string, node: InstructionNode, escape: string): number {
  let start = node.span.start;
  for (;;) {
    const newline = text.indexOf("\n", start);
    const end = newline < 0 ? text.length : newline;
    const line = text.slice(start, end).trimEnd();
    const isBetween = start > node.span.start && /^\s*(?:#(?!!)|$)/.test(line);
    if (newline < 0 || (!line.endsWith(escape) && !isBetween)) return start + line.length;
    start = newline + 1;
  }
}
