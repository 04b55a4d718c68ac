import {
  CompletionItemTag,
  InsertTextFormat,
  type CompletionItem,
  type CompletionList,
  type Position,
} from "vscode-languageserver";
import { cursorAt, type Cursor } from "../../analysis/cursor.ts";
import type { DockerfileDocument } from "../../documents/dockerfile-document.ts";
import type { ClientOptions } from "../../server/client-options.ts";
import { argumentCandidates } from "./arguments.ts";
import type { Candidate } from "./candidate.ts";
import { directiveCandidates } from "./directives.ts";
import { flagCandidates, flagValueCandidates } from "./flags.ts";
import { keywordCandidates } from "./keywords.ts";
import { mountCandidates } from "./mounts.ts";
import { variableCandidates } from "./variables.ts";

/** What can be written at a position; documentation comes when an item is resolved. */
export function completion(
  document: DockerfileDocument,
  position: Position,
  client: ClientOptions,
): CompletionList {
  const offset = document.offsetAt(position);
  const cursor = cursorAt(document.analysis, offset);
  if (cursor.kind === "nothing") return { isIncomplete: false, items: [] };
  const candidates = candidatesFor(document, cursor, offset);
  const items = candidates.map((candidate, index): CompletionItem => {
    const isSnippet = candidate.snippet !== undefined && client.snippets;
    const span = candidate.span ?? cursor.span;
    return {
      label: candidate.label,
      kind: candidate.kind,
      ...(candidate.detail === undefined ? {} : { detail: candidate.detail }),
      // In the order that we chose, which clients would otherwise sort by the alphabet.
      sortText: String(index).padStart(4, "0"),
      // Some clients filter by what is before the cursor, dashes and all.
      filterText: candidate.label,
      insertTextFormat: isSnippet ? InsertTextFormat.Snippet : InsertTextFormat.PlainText,
      textEdit: {
        range: document.range(span),
        newText: isSnippet ? candidate.snippet! : (candidate.insert ?? candidate.label),
      },
      ...(candidate.deprecated && client.deprecatedCompletions
        ? { tags: [CompletionItemTag.Deprecated] }
        : {}),
      ...(candidate.documentation === undefined ? {} : { data: candidate.documentation }),
    };
  });
  return { isIncomplete: false, items };
}

function candidatesFor(
  document: DockerfileDocument,
  cursor: Exclude<Cursor, { kind: "nothing" }>,
  offset: number,
): readonly Candidate[] {
  switch (cursor.kind) {
    case "directive":
      return directiveCandidates(document, cursor);
    case "keyword":
      return keywordCandidates(document, cursor);
    case "flag":
      return flagCandidates(cursor);
    case "flag-value":
      return flagValueCandidates(document, cursor);
    case "mount":
      return mountCandidates(document, cursor);
    case "variable":
      return variableCandidates(document, cursor, offset);
    case "argument":
      return argumentCandidates(document, cursor);
  }
}
