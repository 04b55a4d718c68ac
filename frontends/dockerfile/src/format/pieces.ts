import type { Span } from "../syntax/source-text.ts";
import type { Arguments, InstructionNode, Word } from "../syntax/syntax-tree.ts";

/**
 * A part of an instruction that is written as it stands. `open` and `close` are the brackets of a JSON array, `item` a
 * string in it; `shell` is a command that a shell reads, `text` any other text up to the end of the line.
 */
export interface Piece {
  readonly kind: "keyword" | "flag" | "word" | "open" | "item" | "close" | "shell" | "text";
  readonly span: Span;
  /** Instead of what is in the file. */
  readonly text?: string;
}

/** Instructions whose text a shell reads. */
const COMMANDS = new Set(["run", "cmd", "entrypoint", "healthcheck"]);

/** Whether the text of an instruction is for a shell. */
export function hasCommand({ name }: InstructionNode): boolean {
  return COMMANDS.has(name);
}

/** An instruction, or the one behind its ONBUILD. */
export function innermost(node: InstructionNode): InstructionNode {
  let inner = node;
  while (inner.arguments.form === "trigger") inner = inner.arguments.instruction;
  return inner;
}

function argumentPieces(node: InstructionNode, args: Arguments): readonly Piece[] {
  switch (args.form) {
    case "none":
      return [];
    case "words": {
      const isAs = (index: number): boolean => node.name === "from" && index === 1;
      return args.words.map(({ text, span }, index) =>
        isAs(index) && /^as$/i.test(text) ? { kind: "word", span, text: "AS" } : { kind: "word", span },
      );
    }
    case "json": {
      const { start, end } = args.span;
      if (args.invalid) return [{ kind: "text", span: args.span }];
      return [
        { kind: "open", span: { start, end: start + 1 } },
        ...args.items.map(({ span }): Piece => ({ kind: "item", span })),
        { kind: "close", span: { start: end - 1, end } },
      ];
    }
    case "text": {
      return [{ kind: hasCommand(node) ? "shell" : "text", span: args.text.span }];
    }
    case "pairs":
      return args.pairs.flatMap(({ key, separator, value, span }): Piece[] =>
        separator === " " && value !== undefined
          ? [
              { kind: "word", span: key.span },
              { kind: "text", span: value.span },
            ]
          : [{ kind: "word", span }],
      );
    case "healthcheck": {
      const { text, span } = args.type;
      const type: Piece = { kind: "word", span, text: capitals(text) };
      return [type, ...argumentPieces(node, args.command)];
    }
    case "trigger":
      return instructionPieces(args.instruction);
  }
}

/** Keywords are letters; what else somebody wrote in their place is no business of ours. */
function capitals(text: string): string {
  return /^[a-z]+$/i.test(text) ? text.toUpperCase() : text;
}

function keywordPiece({ text, span }: Word): Piece {
  // A keyword that goes over two lines is written on one.
  return { kind: "keyword", span, text: capitals(text) };
}

/** The parts of an instruction, in order, here-documents left out. */
export function instructionPieces(node: InstructionNode): readonly Piece[] {
  return [
    keywordPiece(node.keyword),
    ...node.flags.map(({ span }): Piece => ({ kind: "flag", span })),
    ...argumentPieces(node, node.arguments),
  ];
}
