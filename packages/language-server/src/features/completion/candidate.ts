import type { CompletionItemKind } from "vscode-languageserver";
import type { Span } from "@slipway/frontend-dockerfile/language";

/** Where the documentation of a completion is found when the client asks for it; travels through the client. */
export type DocumentationKey =
  | { readonly of: "instruction"; readonly name: string }
  | { readonly of: "flag"; readonly instruction: string; readonly name: string }
  | { readonly of: "mount-key"; readonly name: string }
  | { readonly of: "mount-type"; readonly name: string }
  | { readonly of: "directive"; readonly name: string }
  | { readonly of: "predefined-arg"; readonly name: string }
  | { readonly of: "stage"; readonly uri: string; readonly index: number }
  | { readonly of: "variable"; readonly uri: string; readonly at: number };

/** One thing that could be written. */
export interface Candidate {
  readonly label: string;
  readonly kind: CompletionItemKind;
  readonly detail?: string;
  /** What is written; the label when absent. */
  readonly insert?: string;
  /** The same for clients that know snippets. */
  readonly snippet?: string;
  /** What it takes the place of, when that is not the word at the cursor. */
  readonly span?: Span;
  readonly deprecated?: boolean;
  readonly documentation?: DocumentationKey;
}
