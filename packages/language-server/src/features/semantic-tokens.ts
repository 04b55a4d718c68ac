import type { Span } from "@slipway/frontend-dockerfile/language";
import {
  type Range,
  type SemanticTokens,
  SemanticTokenModifiers,
  SemanticTokenTypes,
} from "vscode-languageserver";
import { mountFields } from "../analysis/mount-fields.ts";
import type { DockerfileDocument } from "../documents/dockerfile-document.ts";

const TYPES = [
  SemanticTokenTypes.keyword,
  SemanticTokenTypes.comment,
  SemanticTokenTypes.macro,
  SemanticTokenTypes.property,
  SemanticTokenTypes.namespace,
  SemanticTokenTypes.parameter,
  SemanticTokenTypes.variable,
  SemanticTokenTypes.string,
  SemanticTokenTypes.operator,
] as const;

/** What the numbers of semantic tokens stand for. */
export const SEMANTIC_TOKENS_LEGEND = {
  tokenTypes: [...TYPES] as string[],
  tokenModifiers: [SemanticTokenModifiers.declaration as string],
};

interface Token {
  readonly span: Span;
  readonly type: (typeof TYPES)[number];
  readonly isDeclaration?: boolean;
}

/** What every name, keyword and comment of a document, or of some of its lines, is. */
export function semanticTokens(document: DockerfileDocument, range?: Range): SemanticTokens {
  const wanted = range === undefined ? undefined : document.span(range);
  const data: number[] = [];
  let [line, character, end] = [0, 0, 0];
  for (const { span, type, isDeclaration } of tokens(document)) {
    if (span.start < end || (wanted !== undefined && (span.end < wanted.start || span.start > wanted.end)))
      continue;
    const start = document.positionAt(span.start);
    const stop = document.positionAt(span.end);
    if (stop.line !== start.line || stop.character === start.character) continue;
    data.push(
      start.line - line,
      start.line === line ? start.character - character : start.character,
      stop.character - start.character,
      TYPES.indexOf(type),
      isDeclaration === true ? 1 : 0,
    );
    ({ line, character } = start);
    ({ end } = span);
  }
  return { data };
}

/** In the order of the file; of those that overlap the one that begins first counts, of those the shorter. */
function tokens(document: DockerfileDocument): readonly Token[] {
  const { tree, stages, variables } = document.analysis;
  const found: Token[] = [];
  for (const { span } of tree.directives) found.push({ span, type: SemanticTokenTypes.macro });
  for (const { span } of tree.comments) found.push({ span, type: SemanticTokenTypes.comment });
  for (const node of tree.instructions) {
    for (let inner = node; ; inner = inner.arguments.instruction) {
      found.push({ span: inner.keyword.span, type: SemanticTokenTypes.keyword });
      for (const flag of inner.flags) {
        const { start } = flag.span;
        const nameEnd = Math.min(flag.span.end, start + 2 + flag.name.length);
        found.push({ span: { start, end: nameEnd }, type: SemanticTokenTypes.property });
        if (inner.name === "run" && flag.name === "mount" && flag.valueSpan !== undefined)
          for (const { keySpan } of mountFields(document.text, flag.valueSpan))
            found.push({ span: keySpan, type: SemanticTokenTypes.property });
      }
      if (inner.arguments.form === "json")
        for (const { span } of inner.arguments.items) found.push({ span, type: SemanticTokenTypes.string });
      if (inner.arguments.form === "healthcheck")
        found.push({ span: inner.arguments.type.span, type: SemanticTokenTypes.keyword });
      if (inner.name === "from" && inner.arguments.form === "words" && inner.arguments.words[1] !== undefined)
        found.push({ span: inner.arguments.words[1].span, type: SemanticTokenTypes.keyword });
      for (const { span, end } of inner.heredocs) {
        found.push({ span, type: SemanticTokenTypes.operator });
        found.push({ span: end, type: SemanticTokenTypes.operator });
      }
      if (inner.arguments.form !== "trigger") break;
    }
  }
  for (const { name } of stages.stages)
    if (name !== undefined)
      found.push({ span: name.span, type: SemanticTokenTypes.namespace, isDeclaration: true });
  for (const { span, target } of stages.references)
    if (target !== undefined) found.push({ span, type: SemanticTokenTypes.namespace });
  const typeOf = (kind: "arg" | "env"): Token["type"] =>
    kind === "arg" ? SemanticTokenTypes.parameter : SemanticTokenTypes.variable;
  for (const { nameSpan, kind } of variables.declarations)
    found.push({ span: nameSpan, type: typeOf(kind), isDeclaration: true });
  for (const { nameSpan, declaration } of variables.references)
    if (declaration !== undefined) found.push({ span: nameSpan, type: typeOf(declaration.kind) });
  // Names of fragments are in other documents.
  const own = found.filter(({ span }) => document.analysis.isOwn(span));
  return own.sort((a, b) => a.span.start - b.span.start || a.span.end - b.span.end);
}
