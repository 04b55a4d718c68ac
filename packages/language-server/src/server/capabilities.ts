import { CodeActionKind, type ServerCapabilities, TextDocumentSyncKind } from "vscode-languageserver";
import type { PositionEncoding } from "../documents/position-encoding.ts";
import { FIX_ALL_KIND } from "../features/code-actions/code-actions.ts";
import { SEMANTIC_TOKENS_LEGEND } from "../features/semantic-tokens.ts";
import type { ClientOptions } from "./client-options.ts";

/** What the server tells a client that it can do. */
export function serverCapabilities(setting: {
  readonly encoding: PositionEncoding;
  readonly client: ClientOptions;
}): ServerCapabilities {
  const { encoding, client } = setting;
  return {
    positionEncoding: encoding.kind,
    textDocumentSync: { openClose: true, change: TextDocumentSyncKind.Incremental, save: true },
    hoverProvider: true,
    completionProvider: { resolveProvider: true, triggerCharacters: ["$", "{", "-", "=", ",", "#"] },
    definitionProvider: true,
    referencesProvider: true,
    documentHighlightProvider: true,
    documentSymbolProvider: true,
    foldingRangeProvider: true,
    renameProvider: client.renamePreparation ? { prepareProvider: true } : true,
    codeActionProvider: { codeActionKinds: [CodeActionKind.QuickFix, FIX_ALL_KIND] },
    semanticTokensProvider: { legend: SEMANTIC_TOKENS_LEGEND, full: true, range: true },
    documentFormattingProvider: true,
    documentRangeFormattingProvider: true,
  };
}
