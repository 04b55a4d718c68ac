import type { InstructionNode, Span } from "@slipway/frontend-dockerfile/language";
import type { Analysis } from "./analysis.ts";
import { innermost } from "./stages.ts";

interface Typed {
  /** What is written before the cursor. */
  readonly prefix: string;
  /** The whole word that the cursor is in; what a completion takes the place of. */
  readonly span: Span;
}

interface InInstruction extends Typed {
  /** In lower case, ONBUILD taken off. */
  readonly instruction: string;
  readonly onbuild: boolean;
  /** Names of the flags that stand before the cursor. */
  readonly flags: readonly string[];
  readonly node?: InstructionNode;
}

/** What can be written at a place. */
export type Cursor =
  | { readonly kind: "nothing" }
  /** Behind `#` at the top of the file; `line` is what stands behind the `#` so far. */
  | ({ readonly kind: "directive"; readonly line: string } & Typed)
  | ({ readonly kind: "keyword"; readonly onbuild: boolean; readonly alone: boolean } & Typed)
  | ({ readonly kind: "flag" } & InInstruction)
  | ({ readonly kind: "flag-value"; readonly flag: string } & InInstruction)
  /** In a `--mount`: `fields` are those before the one that the cursor is in, and `key` is set behind its `=`. */
  | ({
      readonly kind: "mount";
      readonly fields: readonly string[];
      readonly rest: readonly string[];
      readonly key?: string;
    } & InInstruction)
  /** `words` are the arguments before the one that the cursor is in. */
  | ({ readonly kind: "argument"; readonly words: readonly string[] } & InInstruction)
  | ({
      readonly kind: "variable";
      readonly braced: boolean;
      readonly instruction: string;
      readonly node: InstructionNode;
    } & Typed);

const NOTHING: Cursor = { kind: "nothing" };

/** What can be written at an offset. */
export function cursorAt(analysis: Analysis, offset: number): Cursor {
  const node = analysis.instructionBefore(offset);
  if (node !== undefined) {
    const inside = inInstruction(analysis, node, offset);
    if (inside !== undefined) return inside;
  }
  const { text } = analysis;
  const lineStart = text.lastIndexOf("\n", offset - 1) + 1;
  const before = text.slice(lineStart, offset);
  if (/^\s*#/.test(before)) return inDirective(analysis, { lineStart, before, offset });
  if (before.trim() !== "") return NOTHING;
  const word = wordEnd(text, offset);
  return { kind: "keyword", prefix: "", span: { start: offset, end: word }, onbuild: false, alone: true };
}

function wordEnd(text: string, offset: number): number {
  let end = offset;
  while (end < text.length && !/\s/.test(text[end]!)) end++;
  return end;
}

/** Undefined when the instruction has ended before the offset. */
function inInstruction(analysis: Analysis, node: InstructionNode, offset: number): Cursor | undefined {
  const logical = analysis.logicalText(node);
  if (offset > logical.end) {
    const inner = innermost(node);
    const heredoc = inner.heredocs.find(({ end }) => offset <= end.end);
    if (heredoc === undefined) return undefined;
    const { body } = heredoc;
    const expands = inner.name === "run" || heredoc.expand;
    if (!expands || offset > body.end || offset < body.start) return NOTHING;
    return (
      variableIn(analysis, { before: analysis.text.slice(body.start, offset), offset, node: inner }) ??
      NOTHING
    );
  }
  if (logical.isGap(offset)) return NOTHING;
  // An escape character behind the cursor is the line's, not the word's.
  const at = logical.fromSource(offset);
  const before = logical.text.slice(0, at);
  const variable = variableIn(analysis, { before, offset, node: innermost(node) });
  return variable ?? inWords(analysis, { text: logical.text, before, offset, node, onbuild: false });
}

function variableIn(
  analysis: Analysis,
  place: { readonly before: string; readonly offset: number; readonly node: InstructionNode },
): Cursor | undefined {
  const match = /\$(\{?)([A-Za-z_][A-Za-z0-9_]*)?$/.exec(place.before);
  if (match === null || /^\s*\S*$/.test(place.before)) return undefined;
  const escapes = /[\\`]*$/.exec(place.before.slice(0, match.index))![0];
  const isEscaped = [...escapes].filter((each) => each === analysis.tree.escape).length % 2 === 1;
  if (isEscaped) return NOTHING;
  const prefix = match[2] ?? "";
  const end =
    place.offset + /^[A-Za-z0-9_]*/.exec(analysis.text.slice(place.offset, place.offset + 200))![0].length;
  const { node } = place;
  return {
    ...{ kind: "variable", prefix, braced: match[1] !== "", instruction: node.name, node },
    span: { start: place.offset - prefix.length, end },
  };
}

function inWords(
  analysis: Analysis,
  place: {
    readonly text: string;
    readonly before: string;
    readonly offset: number;
    readonly node: InstructionNode;
    readonly onbuild: boolean;
  },
): Cursor {
  const { text, before, offset, node, onbuild } = place;
  const words = before.trimStart().split(/\s+/);
  const word = words.at(-1)!;
  const behind = /^\S*/.exec(text.slice(before.length))![0];
  const typed = (prefix: string, rest = behind): Typed => {
    // What stands on the line before a continuation cannot be replaced together with what is on this one.
    const lineStart = analysis.text.lastIndexOf("\n", offset - 1) + 1;
    const start = Math.max(lineStart, offset - prefix.length);
    return { prefix, span: { start, end: Math.min(offset + rest.length, lineEndOf(analysis.text, offset)) } };
  };
  if (words.length === 1) {
    const alone = text.slice(before.length + behind.length).trim() === "";
    return { kind: "keyword", ...typed(word), onbuild, alone };
  }
  const instruction = words[0]!.toLowerCase();
  if (instruction === "onbuild") {
    const skip = /^\s*\S+\s+/.exec(before)![0].length;
    return inWords(analysis, { ...place, text: text.slice(skip), before: before.slice(skip), onbuild: true });
  }
  const isFlag = (each: string): boolean => each.startsWith("--");
  const args = words.slice(1, -1);
  const firstArgument = args.findIndex((each) => !isFlag(each));
  const flagWords = firstArgument < 0 ? args : args.slice(0, firstArgument);
  const flags = flagWords.map((each) => each.slice(2).replace(/=.*$/s, ""));
  const common = { instruction, onbuild, flags, node };
  if (firstArgument < 0 && word.startsWith("-")) {
    const split = word.indexOf("=");
    if (split < 0) return { kind: "flag", ...common, ...typed(word, /^[^=\s]*=?/.exec(behind)![0]) };
    const flag = word.slice(2, split);
    const value = word.slice(split + 1);
    if (instruction !== "run" || flag !== "mount")
      return { kind: "flag-value", flag, ...common, ...typed(value.replace(/^["']/, "")) };
    return inMount(value.replace(/^["']/, ""), { common, behind, typed });
  }
  return {
    kind: "argument",
    words: firstArgument < 0 ? [] : args.slice(firstArgument),
    ...common,
    ...typed(word),
  };
}

function lineEndOf(text: string, offset: number): number {
  const newline = text.indexOf("\n", offset);
  const end = newline < 0 ? text.length : newline;
  return end > offset && text.charCodeAt(end - 1) === 13 ? end - 1 : end;
}

function inMount(
  value: string,
  place: {
    readonly common: Omit<InInstruction, keyof Typed>;
    readonly behind: string;
    readonly typed: (prefix: string, rest?: string) => Typed;
  },
): Cursor {
  const { common, behind, typed } = place;
  const fields = value.split(",");
  const current = fields.pop()!;
  const rest = behind.replace(/["']$/, "").split(",").slice(1);
  const split = current.indexOf("=");
  const here = /^[^,"']*/.exec(behind)![0];
  if (split < 0)
    return { kind: "mount", fields, rest, ...common, ...typed(current, /^[^=]*=?/.exec(here)![0]) };
  return {
    kind: "mount",
    fields,
    rest,
    key: current.slice(0, split),
    ...common,
    ...typed(current.slice(split + 1), here),
  };
}

function inDirective(
  analysis: Analysis,
  place: { readonly lineStart: number; readonly before: string; readonly offset: number },
): Cursor {
  // Only lines of directives may stand above one.
  const above = analysis.text.slice(0, place.lineStart);
  const directivesEnd = analysis.tree.directives.filter(({ span }) => span.end <= place.lineStart).length;
  const linesAbove = above.split("\n", directivesEnd + 2).length - 1;
  const isCheck = /^\s*#\s*check\s*=/i.test(place.before);
  if (linesAbove !== directivesEnd && !isCheck) return NOTHING;
  const line = place.before.replace(/^\s*#\s*/, "");
  const prefix = /[^=,;\s]*$/.exec(line)![0];
  const behind = /^[^=,;\s]*/.exec(analysis.text.slice(place.offset, place.offset + 500))![0];
  return {
    kind: "directive",
    line: line.slice(0, line.length - prefix.length),
    prefix,
    span: { start: place.offset - prefix.length, end: place.offset + behind.length },
  };
}
