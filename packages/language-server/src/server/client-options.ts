import {
  CodeActionKind,
  MarkupKind,
  type ClientCapabilities,
  type InitializeParams,
} from "vscode-languageserver";
import { filePath } from "../analysis/fragment-files.ts";

/** What a client can do, as far as answers depend on it. */
export interface ClientOptions {
  readonly hoverMarkup: MarkupKind;
  readonly completionMarkup: MarkupKind;
  readonly snippets: boolean;
  readonly deprecatedCompletions: boolean;
  readonly hierarchicalSymbols: boolean;
  /** How many folding ranges it wants at most. */
  readonly foldingLimit: number;
  readonly codeDescriptions: boolean;
  readonly diagnosticVersions: boolean;
  readonly diagnosticTags: boolean;
  /** Whether a diagnostic may point at a place in another document. */
  readonly relatedInformation: boolean;
  /** Whether it watches files when it is asked to. */
  readonly watching: boolean;
  /** Absolute paths of the folders that it has open. */
  readonly folders: readonly string[];
  /** Whether edits name the version of the document that they are for. */
  readonly documentChanges: boolean;
  /** False for clients that know no code actions but commands, which get none. */
  readonly codeActions: boolean;
  readonly renamePreparation: boolean;
}

/** Reads what a client says of itself; what it does not say it cannot do. */
export function clientOptions(params: InitializeParams): ClientOptions {
  const capabilities: ClientCapabilities = params.capabilities ?? {};
  const { textDocument = {}, workspace = {} } = capabilities;
  const item = textDocument.completion?.completionItem;
  const literals = textDocument.codeAction?.codeActionLiteralSupport;
  return {
    hoverMarkup: markupOf(textDocument.hover?.contentFormat),
    completionMarkup: markupOf(item?.documentationFormat),
    snippets: item?.snippetSupport === true,
    deprecatedCompletions: item?.tagSupport?.valueSet?.includes(1) === true,
    hierarchicalSymbols: textDocument.documentSymbol?.hierarchicalDocumentSymbolSupport === true,
    foldingLimit: textDocument.foldingRange?.rangeLimit ?? 5000,
    codeDescriptions: textDocument.publishDiagnostics?.codeDescriptionSupport === true,
    diagnosticVersions: textDocument.publishDiagnostics?.versionSupport === true,
    diagnosticTags: textDocument.publishDiagnostics?.tagSupport !== undefined,
    relatedInformation: textDocument.publishDiagnostics?.relatedInformation === true,
    watching: workspace.didChangeWatchedFiles?.dynamicRegistration === true,
    folders: foldersOf(params),
    documentChanges: workspace.workspaceEdit?.documentChanges === true,
    codeActions: literals?.codeActionKind?.valueSet?.includes(CodeActionKind.QuickFix) === true,
    renamePreparation: textDocument.rename?.prepareSupport === true,
  };
}

/** The folders that a client has open, those of `file:` URIs. */
function foldersOf(params: InitializeParams): readonly string[] {
  const { workspaceFolders } = params;
  const uris = Array.isArray(workspaceFolders)
    ? workspaceFolders.map((folder: { uri?: unknown } | null) => folder?.uri)
    : [(params as { rootUri?: unknown }).rootUri];
  return uris.flatMap((uri) => (typeof uri === "string" ? (filePath(uri) ?? []) : []));
}

/** The first format that the client likes; plain text when it says nothing. */
function markupOf(formats: readonly MarkupKind[] | undefined): MarkupKind {
  const first = Array.isArray(formats) ? formats[0] : undefined;
  return first === MarkupKind.Markdown ? MarkupKind.Markdown : MarkupKind.PlainText;
}
