import * as language from "@slipway/frontend-dockerfile/language";
import type { CheckedFile, DockerfileParser, Span } from "@slipway/frontend-dockerfile/language";

/** A place where a file breaks a rule, and how to mend it. */
export interface LintFinding {
  readonly rule: string;
  readonly severity: "warning" | "error";
  readonly message: string;
  readonly hint?: string;
  readonly url: string;
  readonly span: Span;
  readonly fix?: LintFix;
}

export interface LintFix {
  readonly title: string;
  readonly edits: readonly { readonly span: Span; readonly text: string }[];
  /** Set when a person has to look: it is offered, but not among those that are applied all at once. */
  readonly unsure?: true;
}

/** What the language's own package does for every document. */
export interface LanguageTools {
  readonly parser: DockerfileParser;
  lint(file: CheckedFile): readonly LintFinding[];
  /** Names of the rules, for `# check=`. */
  readonly rules: readonly { readonly name: string; readonly description: string }[];
  /** Formats a whole file; absent when this build of the language cannot. */
  readonly format?: (text: string) => string;
}

/** Makes the tools that a server keeps for as long as it runs. */
export function createLanguageTools(): LanguageTools {
  return { parser: language.createDockerfileParser(), lint: () => [], rules: [] };
}
