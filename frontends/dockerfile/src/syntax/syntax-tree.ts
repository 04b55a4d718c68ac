import type { SourceText, Span } from "./source-text.ts";

/** A piece of an instruction as written, quotes and variables included; continuations are taken out of `text`. */
export interface Word {
  readonly text: string;
  readonly span: Span;
}

/** `--name` or `--name=value`, quotes taken off. */
export interface Flag {
  readonly name: string;
  /** Absent when there is no `=`. */
  readonly value?: string;
  readonly span: Span;
  /** Where the value is; empty ranges mark an empty value. */
  readonly valueSpan?: Span;
}

/** One assignment of ARG, ENV or LABEL. */
export interface Pair {
  readonly key: Word;
  /** `=`, a space for the old form `ENV name the rest`, or nothing for a lone name. */
  readonly separator: "=" | " " | "";
  readonly value?: Word;
  readonly span: Span;
}

/** What follows the keyword and the flags; the form depends on the instruction. */
export type Arguments =
  | { readonly form: "none" }
  | { readonly form: "words"; readonly words: readonly Word[] }
  /** A JSON array. `items` are the decoded strings; `invalid` when an element is not a string. */
  | { readonly form: "json"; readonly items: readonly Word[]; readonly span: Span; readonly invalid: boolean }
  | { readonly form: "text"; readonly text: Word }
  | { readonly form: "pairs"; readonly pairs: readonly Pair[] }
  | { readonly form: "healthcheck"; readonly type: Word; readonly command: Arguments }
  /** `text` is the trigger as an image config stores it, white space at its end included, here-documents not. */
  | { readonly form: "trigger"; readonly instruction: InstructionNode; readonly text: string };

/** A here-document of RUN, COPY or ADD. */
export interface Heredoc {
  readonly name: string;
  /** False when the name was quoted. */
  readonly expand: boolean;
  /** True for `<<-`: leading tabs are dropped. */
  readonly stripTabs: boolean;
  /** The body as written, with its line ends. */
  readonly content: string;
  /** Where `<<NAME` is. */
  readonly span: Span;
  /** Where `content` is. */
  readonly body: Span;
  /** The line that ends it, without its line end; an empty range when there is none, which is a mistake. */
  readonly end: Span;
}

export interface Comment {
  /** Without the `#` and the white space around. */
  readonly text: string;
  readonly span: Span;
}

/** `# name=value` at the top of the file. */
export interface Directive {
  /** Lower case. `slipway` turns on what other builders do not know; to them it is a comment. */
  readonly name: "syntax" | "escape" | "check" | "slipway";
  readonly value: string;
  readonly span: Span;
}

/** One instruction. */
export interface InstructionNode {
  readonly keyword: Word;
  /** The keyword in lower case; not necessarily one that exists. */
  readonly name: string;
  readonly flags: readonly Flag[];
  readonly arguments: Arguments;
  readonly heredocs: readonly Heredoc[];
  /** The whole instruction on one line, continuations and white space around taken out. */
  readonly original: string;
  readonly span: Span;
  /** The block of comments right above, in order. */
  readonly comments: readonly Comment[];
}

/** A parsed file. White space is not in the tree, but every node knows its place in `source`. */
export interface DockerfileTree {
  readonly source: SourceText;
  readonly escape: "\\" | "`";
  readonly directives: readonly Directive[];
  /** Every comment of the file, directives left out. */
  readonly comments: readonly Comment[];
  readonly instructions: readonly InstructionNode[];
}
