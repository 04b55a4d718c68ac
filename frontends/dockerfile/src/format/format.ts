import { INSTRUCTIONS } from "../commands/check.ts";
import { findCommitMarks } from "../compile/load/commit-points.ts";
import { didYouMean } from "../did-you-mean.ts";
import type { Problem } from "../problems.ts";
import { allowsIncludes } from "../syntax/directives.ts";
import { createDockerfileParser, type DockerfileParser } from "../syntax/parser.ts";
import type { DockerfileTree } from "../syntax/syntax-tree.ts";
import { formatFile } from "./format-file.ts";
import type { Layout } from "./layout.ts";
import { innermost } from "./pieces.ts";
import { changedInstructions, hasSameRemarks } from "./same-meaning.ts";

export interface FormatOptions {
  /** Spaces in front of continued lines; default: 4. */
  readonly indentWidth?: number;
  /** Columns beyond which the flags of an instruction get a line each; default: 100. */
  readonly lineWidth?: number;
  /** Name of the file in problems; default: `Dockerfile`. */
  readonly file?: string;
}

/** A file laid out anew. */
export interface FormattedFile {
  readonly text: string;
  /** What was left as it is, and why. */
  readonly problems: readonly Problem[];
}

/** Lays out Dockerfiles. Making one costs milliseconds: keep it for as long as files come. */
export interface Formatter {
  /** Never throws, whatever the text is. */
  format(text: string, options?: FormatOptions): FormattedFile;
}

const KNOWN = new Set(INSTRUCTIONS.map((name) => name.toLowerCase()));
const POSIX_SHELLS = /^(?:\/(?:usr\/)?(?:local\/)?bin\/)?(?:sh|bash|ash|dash|ksh|zsh)$/;
const WINDOWS = /windows|nanoserver|servercore/i;

/** False when commands go, or may go, to something that quotes otherwise than a POSIX shell. */
function isForPosixShell(tree: DockerfileTree): boolean {
  return tree.instructions.every((node) => {
    const { name, flags, arguments: args } = innermost(node);
    if (name === "from")
      return ![
        ...flags.map(({ value }) => value),
        ...(args.form === "words" ? args.words : []).map(({ text }) => text),
      ].some((text) => WINDOWS.test(text ?? ""));
    return name !== "shell" || (args.form === "json" && POSIX_SHELLS.test(args.items[0]?.text ?? ""));
  });
}

function dominantLineEnd(text: string): "\n" | "\r\n" {
  const all = text.split("\n").length - 1;
  const windows = text.split("\r\n").length - 1;
  return windows * 2 > all ? "\r\n" : "\n";
}

/** Instructions that end in `#!COMMIT`. */
function commitPoints(tree: DockerfileTree): ReadonlySet<number> {
  const starts = findCommitMarks(tree)?.starts;
  if (starts === undefined) return new Set();
  return new Set(tree.instructions.flatMap(({ span }, index) => (starts.has(span.start) ? [index] : [])));
}

/** Instructions of which `#!COMMIT` is neither an argument nor a comment: they read otherwise than they are parsed. */
function blankedCommits(tree: DockerfileTree): readonly number[] {
  const { text, hasByteOrderMark } = tree.source;
  const blanked = findCommitMarks(tree)?.text.slice(hasByteOrderMark ? 1 : 0) ?? text;
  return [...commitPoints(tree)].filter((index) => {
    const { start, end } = tree.instructions[index]!.span;
    return text.slice(start, end) !== blanked.slice(start, end);
  });
}

/** Instructions that do not exist. */
function unknownInstructions(tree: DockerfileTree): Map<number, Problem> {
  const problems = new Map<number, Problem>();
  const mayInclude = allowsIncludes(tree.directives);
  for (const [index, node] of tree.instructions.entries()) {
    const { name, keyword } = innermost(node);
    if (KNOWN.has(name) || (mayInclude && name === "include")) continue;
    problems.set(index, {
      code: "INSTRUCTION_UNKNOWN",
      message: `unknown instruction ${keyword.text}`,
      hint: didYouMean(keyword.text, INSTRUCTIONS, `The instructions are ${INSTRUCTIONS.join(", ")}.`),
      location: tree.source.locate(keyword.span),
    });
  }
  return problems;
}

/** True when instructions that do not exist mean that this is another language. */
function isForeign(tree: DockerfileTree): boolean {
  const syntax = tree.directives.find(({ name }) => name === "syntax");
  if (syntax !== undefined) return !/dockerfile/i.test(syntax.value);
  return !tree.instructions.some(({ name }) => name === "from");
}

function formatTree(
  tree: DockerfileTree,
  options: FormatOptions,
  scope: {
    readonly parser: DockerfileParser;
    readonly problems: readonly Problem[];
    readonly written: string;
  },
): FormattedFile {
  const { parser, problems, written } = scope;
  const layout: Layout = {
    indentWidth: options.indentWidth ?? 4,
    lineWidth: options.lineWidth ?? 100,
    escape: tree.escape,
    eol: dominantLineEnd(written),
    isPosixShell: isForPosixShell(tree),
  };
  const unknown = unknownInstructions(tree);
  const keep = new Set([...unknown.keys(), ...blankedCommits(tree)]);
  const commits = commitPoints(tree);
  const file = tree.source.file;
  const reported = [...problems, ...unknown.values()];
  if (unknown.size > 0 && isForeign(tree)) {
    const [first] = unknown.values();
    return {
      text: written,
      problems: [
        {
          code: "INSTRUCTION_UNKNOWN",
          message: `${file} is left as it is: it seems to be written in another language than a Dockerfile's`,
          hint: first!.message,
          ...(first!.location ? { location: first!.location } : {}),
        },
      ],
    };
  }
  const mark = tree.source.hasByteOrderMark ? "\uFEFF" : "";
  // What is laid out is read again, and what would then say something else stays as it was.
  for (let attempt = 0; attempt < 5; attempt++) {
    const text = mark + formatFile(tree, layout, keep);
    const reread = parser.parse(text, { file, problems: [] });
    const after = commitPoints(reread);
    const moved = tree.instructions.flatMap((_, index) =>
      commits.has(index) === after.has(index) ? [] : [index],
    );
    const changed = [...changedInstructions(tree, reread), ...moved];
    if (changed.length === 0 && hasSameRemarks(tree, reread)) return { text, problems: reported };
    const before = keep.size;
    for (const index of changed) keep.add(index);
    if (keep.size === before) break;
  }
  return { text: written, problems: reported };
}

export function createFormatter(): Formatter {
  let parser: DockerfileParser | undefined;
  return {
    format(written, options = {}) {
      const problems: Problem[] = [];
      parser ??= createDockerfileParser();
      const tree = parser.parse(written, { file: options.file ?? "Dockerfile", problems });
      const errors = problems.filter(({ severity }) => severity !== "warning");
      // Without the escape character nobody knows where instructions end.
      if (errors.some(({ code }) => code === "DIRECTIVE_INVALID")) return { text: written, problems: errors };
      return formatTree(tree, options, { parser, problems: errors, written });
    },
  };
}

/**
 * Lays out a Dockerfile: keywords in capitals, one space between words, continued lines indented, one empty line at most
 * between instructions. Comments, directives, here-documents and everything whose white space may mean something stay as
 * they are, and so does what cannot be parsed. What the file says is the same before and after, and a formatted file
 * stays as it is. Never throws.
 */
export function formatDockerfile(text: string, options?: FormatOptions): string {
  return createFormatter().format(text, options).text;
}
