import type { SourceLocation } from "@slipway/oci";
import type { Span } from "../syntax/source-text.ts";

/** Puts a text in the place of a range; an empty range inserts. */
export interface TextEdit {
  readonly span: Span;
  readonly text: string;
}

/** How to mend a finding. */
export interface LintFix {
  /** What an editor offers: "Write AS in capitals". */
  readonly title: string;
  /** Ranges do not overlap. */
  readonly edits: readonly TextEdit[];
  /** Set when a person has to look: `--fix` leaves such ones alone. */
  readonly unsure?: true;
}

/** One place where a file breaks a rule. Plain data. */
export interface LintFinding {
  /** Name of the rule. */
  readonly rule: string;
  /** `error` when the file asks for it: `# check=error=true`. */
  readonly severity: "warning" | "error";
  readonly message: string;
  readonly hint?: string;
  /** Where the rule is explained. */
  readonly url: string;
  /** The exact place. */
  readonly location: SourceLocation;
  readonly span: Span;
  /** Lines that BuildKit names for the finding, from 1, in order: all of the instruction's. */
  readonly lines: readonly number[];
  readonly fix?: LintFix;
}
