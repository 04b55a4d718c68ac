import type { InstructionNode } from "@slipway/frontend-dockerfile/language";
import { type DocumentSymbol, type SymbolInformation, SymbolKind } from "vscode-languageserver";
import { endOf, innermost, type StageInfo } from "../analysis/stages.ts";
import type { DockerfileDocument } from "../documents/dockerfile-document.ts";
import type { ClientOptions } from "../server/client-options.ts";

const KINDS: Readonly<Record<string, SymbolKind>> = {
  add: SymbolKind.File,
  arg: SymbolKind.Constant,
  cmd: SymbolKind.Event,
  copy: SymbolKind.File,
  entrypoint: SymbolKind.Event,
  env: SymbolKind.Variable,
  expose: SymbolKind.Interface,
  run: SymbolKind.Function,
};
const MAX_DETAIL = 80;

/** The outline of a file: stages with their instructions, and what stands before them. */
export function documentSymbols(
  document: DockerfileDocument,
  client: ClientOptions,
): DocumentSymbol[] | SymbolInformation[] {
  const { stages, preamble } = document.analysis.ownStages;
  const symbols = [
    ...preamble.map((node) => instructionSymbol(document, node)),
    ...stages.map((stage) => stageSymbol(document, stage)),
  ];
  return client.hierarchicalSymbols ? symbols : flatten(document, symbols);
}

function stageSymbol(document: DockerfileDocument, stage: StageInfo): DocumentSymbol {
  const { from, instructions } = stage;
  const end = endOf(instructions.at(-1) ?? from);
  const base = stage.base?.text ?? "";
  return {
    name: stage.name?.text ?? (base || `stage ${stage.index}`),
    detail: clipped(stage.name === undefined ? `stage ${stage.index}` : base),
    kind: SymbolKind.Module,
    range: document.range({ start: from.span.start, end }),
    selectionRange: document.range(stage.name?.span ?? stage.base?.span ?? from.keyword.span),
    children: instructions.map((node) => instructionSymbol(document, node)),
  };
}

function instructionSymbol(document: DockerfileDocument, node: InstructionNode): DocumentSymbol {
  const inner = innermost(node);
  const names =
    inner.arguments.form === "pairs" ? inner.arguments.pairs.map(({ key }) => key.text).join(" ") : "";
  const detail = inner.original.slice(inner.keyword.text.length).trim();
  return {
    name: `${node.name.toUpperCase()}${node === inner ? "" : ` ${inner.name.toUpperCase()}`}${names && ` ${clipped(names)}`}`,
    ...(names === "" && detail !== "" ? { detail: clipped(detail) } : {}),
    kind: KINDS[inner.name] ?? SymbolKind.Property,
    range: document.range({ start: node.span.start, end: endOf(node) }),
    selectionRange: document.range(node.keyword.span),
  };
}

function clipped(text: string): string {
  return text.length > MAX_DETAIL ? `${text.slice(0, MAX_DETAIL - 1)}…` : text;
}

function flatten(document: DockerfileDocument, symbols: readonly DocumentSymbol[]): SymbolInformation[] {
  const { uri } = document;
  return symbols.flatMap((symbol) => [
    { name: symbol.name, kind: symbol.kind, location: { uri, range: symbol.range } },
    ...(symbol.children ?? []).map(({ name, kind, range }) => ({
      name,
      kind,
      location: { uri, range },
      containerName: symbol.name,
    })),
  ]);
}
