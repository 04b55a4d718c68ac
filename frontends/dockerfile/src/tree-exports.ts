// What both ways into the package tell of a parsed file: its tree, places in it, and what is wrong with it.

export type { DockerfileErrorCode, Problem } from "./problems.ts";
export { SourceText, type LineColumn, type Span } from "./syntax/source-text.ts";
export type {
  Arguments,
  Comment,
  Directive,
  DockerfileTree,
  Flag,
  Heredoc,
  InstructionNode,
  Pair,
  Word,
} from "./syntax/syntax-tree.ts";
