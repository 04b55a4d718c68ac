import type { Connection, SemanticTokensRangeParams } from "vscode-languageserver";
import { codeActions } from "../features/code-actions/code-actions.ts";
import { completion } from "../features/completion/completion.ts";
import { resolveCompletion } from "../features/completion/resolve-completion.ts";
import { documentSymbols } from "../features/document-symbols.ts";
import { foldingRanges } from "../features/folding-ranges.ts";
import { formatting } from "../features/formatting.ts";
import { hover } from "../features/hover.ts";
import { definition, documentHighlights, references } from "../features/navigation.ts";
import { prepareRename, rename } from "../features/rename.ts";
import { semanticTokens } from "../features/semantic-tokens.ts";
import type { RequestGuard } from "./request-guard.ts";

/** Connects each request of the protocol with the feature that answers it. */
export function registerFeatures(connection: Connection, guard: RequestGuard): void {
  connection.onHover(guard.place(({ position }, { document, client }) => hover(document, position, client)));
  connection.onCompletion(
    guard.place(({ position }, { document, client }) => completion(document, position, client)),
  );
  connection.onCompletionResolve(
    guard.plain((item, { client, find }) => resolveCompletion(item, { client, find })),
  );
  connection.onDefinition(guard.place(({ position }, { document }) => definition(document, position)));
  connection.onReferences(
    guard.place(({ position, context }, { document }) => references(document, position, context)),
  );
  connection.onDocumentHighlight(
    guard.place(({ position }, { document }) => documentHighlights(document, position)),
  );
  connection.onPrepareRename(guard.place(({ position }, { document }) => prepareRename(document, position)));
  connection.onRenameRequest(
    guard.place(({ position, newName }, { document, client }) =>
      rename(document, position, { newName, client }),
    ),
  );
  connection.onDocumentSymbol(
    guard.document((_params, { document, client }) => documentSymbols(document, client)),
  );
  connection.onFoldingRanges(
    guard.document((_params, { document, client }) => foldingRanges(document, client)),
  );
  connection.onCodeAction(
    guard.range((params, { document, client }) => codeActions(document, params, client)),
  );
  connection.languages.semanticTokens.on(
    guard.required((_params, { document }) => semanticTokens(document), { data: [] }),
  );
  connection.languages.semanticTokens.onRange((params, token) => {
    const found = guard.range(({ range }: SemanticTokensRangeParams, { document }) =>
      semanticTokens(document, range),
    )(params, token);
    return found ?? { data: [] };
  });
  connection.onDocumentFormatting(
    guard.document((_params, { document, tools }) => formatting(document, { formatter: tools.formatter })),
  );
  connection.onDocumentRangeFormatting(
    guard.range(({ range }, { document, tools }) =>
      formatting(document, { formatter: tools.formatter, range }),
    ),
  );
}
