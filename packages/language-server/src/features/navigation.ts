import type { Span } from "@slipway/frontend-dockerfile/language";
import {
  type DocumentHighlight,
  DocumentHighlightKind,
  type Location,
  type Position,
} from "vscode-languageserver";
import type { DockerfileDocument } from "../documents/dockerfile-document.ts";
import { nameAt } from "./names.ts";

/** Where the stage, argument or variable at a position is declared. */
export function definition(document: DockerfileDocument, position: Position): Location | null {
  const offset = document.offsetAt(position);
  const found = nameAt(document.analysis, offset);
  const target = found?.definition;
  return target ? { uri: document.uri, range: document.range(target) } : null;
}

/** All places that name what is at a position, in the order of the file. */
export function references(
  document: DockerfileDocument,
  position: Position,
  options: { readonly includeDeclaration: boolean },
): Location[] | null {
  const found = nameAt(document.analysis, document.offsetAt(position));
  if (found === undefined) return null;
  const spans = options.includeDeclaration ? [...found.declarations, ...found.uses] : found.uses;
  return inOrder(spans).map((span) => ({ uri: document.uri, range: document.range(span) }));
}

/** As `references`; declarations are marked as writing. */
export function documentHighlights(
  document: DockerfileDocument,
  position: Position,
): DocumentHighlight[] | null {
  const found = nameAt(document.analysis, document.offsetAt(position));
  if (found === undefined) return null;
  const declarations = new Set(found.declarations);
  return inOrder([...found.declarations, ...found.uses]).map((span) => ({
    range: document.range(span),
    kind: declarations.has(span) ? DocumentHighlightKind.Write : DocumentHighlightKind.Read,
  }));
}

function inOrder(spans: readonly Span[]): readonly Span[] {
  return spans.toSorted((a, b) => a.start - b.start);
}
