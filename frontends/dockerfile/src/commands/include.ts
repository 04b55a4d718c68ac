import type { DockerfileErrorCode, Problem } from "../problems.ts";
import type { SourceText, Span } from "../syntax/source-text.ts";
import type { InstructionNode, Word } from "../syntax/syntax-tree.ts";

/** `INCLUDE source NAME=value…`; values may hold quotes and variables. */
export interface IncludeCommand {
  readonly source: Word;
  readonly args: readonly { readonly key: Word; readonly value: Word }[];
}

const WORDS = {
  "\\": /(?:[^\s"'\\]|\\.|"(?:[^"\\]|\\.)*"|'[^']*'|\\$)+|\S+/g,
  "`": /(?:[^\s"'`]|`.|"(?:[^"`]|`.)*"|'[^']*'|`$)+|\S+/g,
} as const;
const ARGUMENT = /^([A-Za-z_][A-Za-z0-9_]*)=/;

function wordsOf(text: Word, escape: "\\" | "`"): readonly Word[] {
  const exact = text.span.end - text.span.start === text.text.length;
  return [...text.text.matchAll(WORDS[escape])].map(({ 0: word, index }) => ({
    text: word,
    span: exact ? { start: text.span.start + index, end: text.span.start + index + word.length } : text.span,
  }));
}

function part(word: Word, start: number, end = word.text.length): Word {
  const exact = word.span.end - word.span.start === word.text.length;
  const span = exact ? { start: word.span.start + start, end: word.span.start + end } : word.span;
  return { text: word.text.slice(start, end), span };
}

/** Reads an INCLUDE. Mistakes are added to `problems`, and the result is then undefined. */
export function readInclude(
  node: InstructionNode,
  options: { readonly source: SourceText; readonly escape: "\\" | "`"; readonly problems: Problem[] },
): IncludeCommand | undefined {
  const fail = (
    span: Span,
    code: DockerfileErrorCode,
    [message, hint]: readonly [string, string],
  ): undefined => {
    options.problems.push({ code, message, hint, location: options.source.locate(span) });
    return undefined;
  };
  const [flag] = node.flags;
  if (flag !== undefined)
    return fail(flag.span, "FLAG_UNKNOWN", [`INCLUDE has no flag --${flag.name}`, "INCLUDE takes no flags."]);
  const words = node.arguments.form === "text" ? wordsOf(node.arguments.text, options.escape) : [];
  const [source, ...rest] = words;
  if (source === undefined) {
    const hint =
      "Write INCLUDE path, INCLUDE https://host/repository.git#ref:path or INCLUDE docker-image://name//path.";
    return fail(node.keyword.span, "INSTRUCTION_ARGUMENTS", ["INCLUDE needs a source", hint]);
  }
  if (/[$"'`\\]/.test(source.text)) {
    const hint = "Fragments are read before any variable has a value: write the source as it is.";
    return fail(source.span, "INCLUDE_INVALID", [
      "the source of INCLUDE takes no variables and no quotes",
      hint,
    ]);
  }
  const args: { key: Word; value: Word }[] = [];
  for (const word of rest) {
    const key = ARGUMENT.exec(word.text)?.[1];
    if (key === undefined)
      return fail(word.span, "INCLUDE_ARGUMENT", [
        `INCLUDE cannot take "${word.text}"`,
        "Write NAME=value for arguments of the fragment, and quotes around values with spaces.",
      ]);
    args.push({ key: part(word, 0, key.length), value: part(word, key.length + 1) });
  }
  return { source, args };
}
