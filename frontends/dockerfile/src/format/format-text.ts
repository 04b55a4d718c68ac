import { trimSpace } from "../syntax/white-space.ts";
import { withoutContinuation } from "./gap.ts";
import { columnsOf, type Layout } from "./layout.ts";
import { ShellScanner } from "./shell-scanner.ts";

interface CodeLine {
  /** Without the continuation. */
  text: string;
  /** Comments above it. */
  readonly comments: readonly string[];
  /** Columns of its indentation when it may be indented anew. */
  columns?: number;
}

/** The lines of a text that goes on over several of them; undefined when they are not as they have to be. */
function readLines(text: string, escape: string): CodeLine[] | undefined {
  const lines: CodeLine[] = [];
  let comments: string[] = [];
  const written = text.split("\n");
  for (const [index, line] of written.entries()) {
    const isLast = index === written.length - 1;
    const trimmed = trimSpace(line);
    if (index > 0 && !isLast && (trimmed === "" || trimmed.startsWith("#"))) {
      if (trimmed !== "") comments.push(trimmed);
      continue;
    }
    const code = isLast ? line : withoutContinuation(line, escape);
    if (code === undefined) return undefined;
    lines.push({ text: code, comments });
    comments = [];
  }
  return lines;
}

/** Takes the white space off each line's end and start that only separates words, and notes which lines may be moved. */
function loosen(lines: CodeLine[], indentWidth: number): void {
  const scanner = new ShellScanner();
  for (const [index, line] of lines.entries()) {
    scanner.feed(line.text);
    const next = lines[index + 1];
    if (next === undefined || !scanner.isPlain) continue;
    const end = line.text.trimEnd();
    const start = next.text.trimStart();
    const blanks = line.text.slice(end.length) + next.text.slice(0, next.text.length - start.length);
    // What is left of a line of blanks is its indentation.
    const isSeparated = blanks !== "" || (line.text === "" && line.columns !== undefined);
    // A backslash in front of a blank makes it part of a word.
    if (!isSeparated || !/^[\t ]*$/.test(blanks) || (end.endsWith("\\") && end !== line.text)) continue;
    next.columns = columnsOf(next.text.slice(0, next.text.length - start.length), indentWidth);
    line.text = end;
    next.text = start;
    scanner.feed(" ");
  }
}

/**
 * Lays out a text that goes on over several lines. In a shell's command the lines are moved together, so that the
 * leftmost gets the indentation of the layout and the others keep their distance from it; but only where white space
 * certainly does nothing but separate words. Everything else stays as it is, but for empty lines and line ends.
 * @param options.columns of the indentation when the text begins a line of its own, else undefined
 * @returns the text, and the indentation for its first line
 */
export function formatText(
  text: string,
  options: { readonly layout: Layout; readonly isShell: boolean; readonly columns: number | undefined },
): { readonly text: string; readonly indentation: string } {
  const { escape, eol, indentWidth, isPosixShell } = options.layout;
  const standard = " ".repeat(indentWidth);
  const lines = readLines(text, escape);
  if (lines === undefined) return { text, indentation: standard };
  const first = lines[0]!;
  // Another escape character means another shell, which the scanner does not know.
  if (options.isShell && isPosixShell && escape === "\\") loosen(lines, indentWidth);
  if (options.columns !== undefined) first.columns = options.columns;
  // A line with nothing but a continuation has no place of its own.
  const leftmost = lines.reduce(
    (least, line) => (line.text === "" ? least : Math.min(least, line.columns ?? Infinity)),
    Infinity,
  );
  const indentationOf = ({ text: code, columns }: CodeLine): string => {
    if (columns === undefined) return "";
    return code === "" ? standard : " ".repeat(indentWidth + columns - leftmost);
  };

  const written: string[] = [];
  let current = first.text;
  for (const line of lines.slice(1)) {
    const indentation = indentationOf(line);
    // A line that was moved has lost the blanks in front of the continuation; one of blanks only has them still.
    const isOpen = line.columns !== undefined && current.trimStart() !== "";
    written.push(`${current}${isOpen ? " " : ""}${escape}`);
    for (const comment of line.comments) written.push(indentation + comment);
    current = indentation + line.text;
  }
  written.push(current);
  return {
    text: written.join(eol),
    indentation: first.columns === undefined ? standard : indentationOf(first),
  };
}
