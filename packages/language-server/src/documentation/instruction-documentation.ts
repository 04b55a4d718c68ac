/** One of the values that a flag or a key takes. */
export interface ValueDocumentation {
  readonly value: string;
  readonly summary: string;
}

/** What people are told about a flag. */
export interface FlagDocumentation {
  /** Without the dashes. */
  readonly name: string;
  /** What stands behind the `=`, for people; absent for flags that are on when they are there. */
  readonly placeholder?: string;
  readonly summary: string;
  readonly example: string;
  /** Full address. */
  readonly url: string;
  /** All values when they can be listed. */
  readonly values?: readonly ValueDocumentation[];
  /** True when the flag may be given more than once. */
  readonly repeatable?: boolean;
}

/** What people are told about an instruction. */
export interface InstructionDocumentation {
  /** In capitals. */
  readonly name: string;
  readonly summary: string;
  /** The forms that it has. */
  readonly syntax: readonly string[];
  /** Markdown; what one has to know beyond the summary. */
  readonly details?: string;
  readonly example: string;
  /** Full address. */
  readonly url: string;
  /** What completion writes behind the keyword, with the placeholders of LSP's snippets. */
  readonly snippet: string;
  readonly flags: readonly FlagDocumentation[];
  /** Why it should not be used any more. */
  readonly deprecated?: string;
}
