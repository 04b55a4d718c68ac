import type { Span } from "@slipway/frontend-dockerfile/language";
import {
  type DocumentHighlight,
  DocumentHighlightKind,
  type Location,
  type Position,
} from "vscode-languageserver";
import type { Analysis } from "../analysis/analysis.ts";
import type { DockerfileDocument } from "../documents/dockerfile-document.ts";
import { nameAt } from "./names.ts";

/** Where the stage, argument or variable at a position is declared; for INCLUDE, the fragment. */
export function definition(document: DockerfileDocument, position: Position): Location | null {
  const offset = document.offsetAt(position);
  const found = nameAt(document.analysis, offset);
  const target = found?.definition ?? fragmentAt(document.analysis, offset);
  return target === undefined ? null : document.locate(target);
}

/** All places that name what is at a position, in the order of the file, those in fragments behind. */
export function references(
  document: DockerfileDocument,
  position: Position,
  options: { readonly includeDeclaration: boolean },
): Location[] | null {
  const found = nameAt(document.analysis, document.offsetAt(position));
  if (found === undefined) return null;
  const spans = options.includeDeclaration ? [...found.declarations, ...found.uses] : found.uses;
  return inOrder(spans).map((span) => document.locate(span));
}

/** As `references`; declarations are marked as writing. */
export function documentHighlights(
  document: DockerfileDocument,
  position: Position,
): DocumentHighlight[] | null {
  const found = nameAt(document.analysis, document.offsetAt(position));
  if (found === undefined) return null;
  const declarations = new Set(found.declarations);
  const own = [...found.declarations, ...found.uses].filter((span) => document.analysis.isOwn(span));
  return inOrder(own).map((span) => ({
    range: document.range(span),
    kind: declarations.has(span) ? DocumentHighlightKind.Write : DocumentHighlightKind.Read,
  }));
}

/** The start of the fragment that the INCLUDE at an offset brings in. */
function fragmentAt(analysis: Analysis, offset: number): Span | undefined {
  const node = analysis.instructionAt(offset);
  if (node?.name !== "include") return undefined;
  const { start } =
    analysis.whole.source.files.find(({ includedAt }) => includedAt?.start === node.span.start) ?? {};
  return start === undefined ? undefined : { start, end: start };
}

function inOrder(spans: readonly Span[]): readonly Span[] {
  return spans.toSorted((a, b) => a.start - b.start);
}
