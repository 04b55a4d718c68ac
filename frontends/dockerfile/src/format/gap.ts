import { trimSpace } from "../syntax/white-space.ts";

/** What is between two words of an instruction. */
export interface Gap {
  /** True when the second word is on a line of its own. */
  readonly breaks: boolean;
  /** The comments between, from their `#` on. */
  readonly comments: readonly string[];
  /** The white space in front of the second word. */
  readonly indentation: string;
}

/** The line without the escape character that continues it, and what follows; undefined when there is none. */
export function withoutContinuation(line: string, escape: string): string | undefined {
  let end = line.length;
  while (line[end - 1] === "\r") end--;
  while (line[end - 1] === " " || line[end - 1] === "\t") end--;
  return line[end - 1] === escape ? line.slice(0, end - 1) : undefined;
}

/**
 * Reads what is between two words: blanks and, where the instruction goes on over lines, continuations, comments and
 * empty lines. Undefined when there is anything else.
 */
export function readGap(text: string, escape: string): Gap | undefined {
  const lines = text.split("\n");
  const indentation = lines.pop()!;
  if (!/^[\t ]*$/.test(indentation)) return undefined;
  const comments: string[] = [];
  for (const [index, line] of lines.entries()) {
    const before = withoutContinuation(line, escape);
    if (before !== undefined && /^[\t ]*$/.test(before)) continue;
    // The first line ends with a continuation; between the others comments and empty lines may stand.
    if (index === 0) return undefined;
    const written = trimSpace(line);
    if (written.startsWith("#")) comments.push(written);
    else if (written !== "") return undefined;
  }
  return { breaks: lines.length > 0, comments, indentation };
}
