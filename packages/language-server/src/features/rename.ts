import {
  ErrorCodes,
  LSPErrorCodes,
  type Position,
  type Range,
  ResponseError,
  type TextEdit,
  type WorkspaceEdit,
} from "vscode-languageserver";
import type { Analysis } from "../analysis/analysis.ts";
import { predefinedArg } from "../documentation/predefined-args.ts";
import type { DockerfileDocument } from "../documents/dockerfile-document.ts";
import type { ClientOptions } from "../server/client-options.ts";
import { nameAt, type NameInFile } from "./names.ts";

const STAGE_NAME = /^[a-z][a-z0-9-_.]*$/;
const VARIABLE_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;
const RESERVED_STAGES = ["scratch", "context"];

/** The name at a position that can be renamed. */
export function prepareRename(
  document: DockerfileDocument,
  position: Position,
): { range: Range; placeholder: string } | null {
  const found = renamable(document.analysis, document.offsetAt(position));
  return found && { range: document.range(found.span), placeholder: found.text };
}

/**
 * Renames a stage, an argument or a variable everywhere in the file. Numbers that stand for a stage stay.
 * @throws ResponseError when the new name is none, is taken, or nothing can be renamed here
 */
export function rename(
  document: DockerfileDocument,
  position: Position,
  options: { readonly newName: string; readonly client: ClientOptions },
): WorkspaceEdit {
  const { newName, client } = options;
  const found = renamable(document.analysis, document.offsetAt(position));
  if (found === null) throw refused("There is no stage, argument or variable of this file here.");
  const problem = problemWith(newName, found, document.analysis);
  if (problem !== undefined) throw refused(problem);
  const { analysis } = document;
  const elsewhere = [...found.declarations, ...found.uses].find((span) => !analysis.isOwn(span));
  if (elsewhere !== undefined) {
    // Other files may include the fragment, too.
    const { file } = analysis.whole.source.locate(elsewhere);
    throw refused(`${found.text} is also named in the fragment ${file}: change it there and here by hand.`);
  }
  const spans = [...found.declarations, ...found.uses.filter((span) => !found.numbers.has(span))];
  const edits: TextEdit[] = spans
    .toSorted((a, b) => a.start - b.start)
    .map((span) => ({ range: document.range(span), newText: newName }));
  if (!client.documentChanges) return { changes: { [document.uri]: edits } };
  return { documentChanges: [{ textDocument: { uri: document.uri, version: document.version }, edits }] };
}

function refused(message: string): ResponseError<void> {
  return new ResponseError(LSPErrorCodes.RequestFailed, message);
}

function renamable(analysis: Analysis, offset: number): NameInFile | null {
  const found = nameAt(analysis, offset);
  if (found === undefined || found.declarations.length === 0) return null;
  return found.numbers.has(found.span) ? null : found;
}

/** Why a name cannot be the new one. */
function problemWith(newName: unknown, found: NameInFile, analysis: Analysis): string | undefined {
  if (typeof newName !== "string")
    throw new ResponseError(ErrorCodes.InvalidParams, "newName has to be a string");
  if (found.kind === "stage") return stageProblem(newName, found, analysis);
  if (!VARIABLE_NAME.test(newName))
    return `"${newName}" cannot be the name of a variable: write letters, digits and underscores, and no digit first.`;
  if (newName === found.text) return undefined;
  const isTaken = analysis.variables.declarations.some(({ name }) => name === newName);
  if (isTaken) return `${newName} is declared in this file already.`;
  if (found.kind === "arg" && predefinedArg(newName) !== undefined)
    return `${newName} is an argument that exists without being declared.`;
  return undefined;
}

function stageProblem(newName: string, found: NameInFile, analysis: Analysis): string | undefined {
  const key = newName.toLowerCase();
  if (!STAGE_NAME.test(key))
    return `"${newName}" cannot be the name of a stage: names start with a letter and go on with letters, digits, dots, dashes and underscores.`;
  if (RESERVED_STAGES.includes(key)) return `"${newName}" is reserved.`;
  const isTaken = analysis.stages.stages.some((stage) => stage !== found.stage && stage.key === key);
  if (isTaken) return `There is a stage "${newName}" already.`;
  // The name would begin to mean the stage where an image is meant.
  const isImage = analysis.stages.references.some(
    ({ target, text }) => target === undefined && text.toLowerCase() === key,
  );
  return isImage ? `"${newName}" is used as an image in this file.` : undefined;
}
