import type { Problem } from "../problems.ts";
import type { RememberingParser } from "../syntax/remembering-parser.ts";
import type { DockerfileTree, InstructionNode } from "../syntax/syntax-tree.ts";

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

/**
 * Parses a file in which lines may end in `#!COMMIT`. To a shell that is a comment, and there it stays, so that a step
 * is the same with and without; elsewhere it would be an argument and is taken out.
 */
export async function parseAnnotated(
  parser: RememberingParser,
  text: string,
  options: { readonly file: string; readonly problems: Problem[] },
): Promise<AnnotatedFile> {
  if (!ANYWHERE.test(text)) return { tree: await parser.parse(text, options), commits: new Set() };
  const problems: Problem[] = [];
  const first = await parser.parse(text, { ...options, problems });
  const starts = new Set<number>();
  let blanked = text;
  for (const node of first.instructions) {
    const end = lineEnd(text, node, first.escape);
    const found = AT_END.exec(text.slice(node.span.start, end));
    if (found === null) continue;
    starts.add(node.span.start);
    const start = node.span.start + found.index;
    if (!staysForShell(text.slice(node.span.start, start), node))
      blanked = blanked.slice(0, start) + " ".repeat(end - start) + blanked.slice(end);
  }
  const isSame = blanked === text;
  const tree = isSame ? first : await parser.parse(blanked, options);
  if (isSame) options.problems.push(...problems);
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
