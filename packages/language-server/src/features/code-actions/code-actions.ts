import { fixText, type Span, type TextEdit as Change } from "@slipway/frontend-dockerfile/language";
import {
  type CodeAction,
  CodeActionKind,
  type CodeActionParams,
  type Diagnostic,
  type TextEdit,
  type WorkspaceEdit,
} from "vscode-languageserver";
import type { DockerfileDocument } from "../../documents/dockerfile-document.ts";
import type { ClientOptions } from "../../server/client-options.ts";
import { changedLines } from "../changed-lines.ts";
import { DIAGNOSTIC_SOURCE, problemSpan } from "../diagnostics.ts";
import { skipRule } from "./skip-rule.ts";
import { suggestionFor } from "./suggestions.ts";

/** The kind of "fix everything" that is ours alone. */
export const FIX_ALL_KIND = `${CodeActionKind.SourceFixAll}.slipway`;

/** What can be done about the mistakes and broken rules of a range. */
export function codeActions(
  document: DockerfileDocument,
  params: Pick<CodeActionParams, "range" | "context">,
  client: ClientOptions,
): CodeAction[] {
  if (!client.codeActions) return [];
  const { only, diagnostics = [] } = params.context;
  const wants = (kind: string): boolean =>
    only === undefined || only.some((each) => kind === each || kind.startsWith(`${each}.`));
  const actions: CodeAction[] = [];
  if (wants(CodeActionKind.QuickFix)) {
    const range = document.span(params.range);
    const touches = (span: Span): boolean => span.start <= range.end && range.start <= span.end;
    actions.push(...suggestions(document, { touches, diagnostics, client }));
    actions.push(...ruleFixes(document, { touches, diagnostics, client }));
  }
  // Asked for by name only: editors would otherwise show it for every place.
  if (only !== undefined && wants(FIX_ALL_KIND)) {
    const edits = changedLines(document.text, fixText(document.text).text);
    if (edits.length > 0) {
      actions.push({
        title: "Fix everything that can be fixed safely",
        kind: FIX_ALL_KIND,
        edit: workspaceEdit(document, edits, client),
      });
    }
  }
  return actions;
}

interface Place {
  readonly touches: (span: Span) => boolean;
  readonly diagnostics: readonly Diagnostic[];
  readonly client: ClientOptions;
}

function suggestions(document: DockerfileDocument, { touches, diagnostics, client }: Place): CodeAction[] {
  return document.analysis.problems.flatMap((problem) => {
    const span = problemSpan(document, problem);
    if (!touches(span)) return [];
    const suggestion = suggestionFor(document.analysis, problem, span);
    if (suggestion === undefined) return [];
    const about = diagnosticsFor(document, { diagnostics, code: problem.code, span });
    return [
      {
        title: `Change to ${suggestion.text}`,
        kind: CodeActionKind.QuickFix,
        ...(about.length > 0 ? { diagnostics: about } : {}),
        isPreferred: true,
        edit: workspaceEdit(document, [suggestion], client),
      },
    ];
  });
}

function ruleFixes(document: DockerfileDocument, { touches, diagnostics, client }: Place): CodeAction[] {
  return document.analysis.findings
    .filter(({ span }) => touches(span))
    .flatMap((finding) => {
      const about = diagnosticsFor(document, { diagnostics, code: finding.rule, span: finding.span });
      const common = { kind: CodeActionKind.QuickFix, ...(about.length > 0 ? { diagnostics: about } : {}) };
      const { fix } = finding;
      const skip = skipRule(document, finding);
      const ignore: CodeAction = {
        ...common,
        title: skip.title,
        edit: workspaceEdit(document, [skip.edit], client),
      };
      if (fix === undefined) return [ignore];
      const mend: CodeAction = {
        ...common,
        title: fix.title,
        ...(fix.unsure === true ? {} : { isPreferred: true }),
        edit: workspaceEdit(document, fix.edits, client),
      };
      return [mend, ignore];
    });
}

/** The client's diagnostics that an action is about. */
function diagnosticsFor(
  document: DockerfileDocument,
  { diagnostics, code, span }: { diagnostics: readonly Diagnostic[]; code: string; span: Span },
): Diagnostic[] {
  const { line, character } = document.positionAt(span.start);
  return diagnostics.filter(
    ({ source, code: other, range }) =>
      source === DIAGNOSTIC_SOURCE &&
      other === code &&
      range.start.line === line &&
      range.start.character === character,
  );
}

function workspaceEdit(
  document: DockerfileDocument,
  changes: readonly Change[],
  client: ClientOptions,
): WorkspaceEdit {
  const edits: TextEdit[] = changes.map(({ span, text }) => ({ range: document.range(span), newText: text }));
  if (!client.documentChanges) return { changes: { [document.uri]: edits } };
  return { documentChanges: [{ textDocument: { uri: document.uri, version: document.version }, edits }] };
}
