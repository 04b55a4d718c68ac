import { type StageInfo, stageTitle } from "../analysis/stages.ts";
import type { VariableDeclaration, VariableReference } from "../analysis/variables.ts";
import { codeBlock, inlineCode, renderPredefinedArg } from "../documentation/render.ts";
import { predefinedArg } from "../documentation/predefined-args.ts";
import type { DockerfileDocument } from "../documents/dockerfile-document.ts";

const MAX_SHOWN = 300;

function clipped(text: string): string {
  return text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text;
}

/** Comments that begin with the name, as `slipway outline` reads them, or all of those above. */
function commentOf(comments: readonly { readonly text: string }[]): string {
  return clipped(comments.map(({ text }) => text).join(" "));
}

/** A stage, in Markdown. */
export function describeStage(stage: StageInfo): string {
  const parts = [codeBlock(clipped(stage.from.original))];
  const comment = commentOf(stage.from.comments);
  if (comment !== "") parts.push(comment);
  const count = stage.instructions.length;
  const base =
    stage.parent === undefined ? "" : ` It builds on stage ${inlineCode(stageTitle(stage.parent))}.`;
  parts.push(`Stage ${stage.index}, with ${count} instruction${count === 1 ? "" : "s"}.${base}`);
  return parts.join("\n\n");
}

/** A variable, in Markdown; undefined when nothing is known of it. */
export function describeVariable(
  document: DockerfileDocument,
  variable: {
    readonly name: string;
    readonly declaration?: VariableDeclaration;
    readonly reference?: VariableReference;
  },
): string | undefined {
  const { declaration, name } = variable;
  const predefined = predefinedArg(name);
  if (declaration === undefined) return predefined && renderPredefinedArg(predefined);
  return describeDeclaration(document, declaration) + (predefined ? `\n\n${predefined.summary}` : "");
}

/** Where a variable is declared, and what it is without being set. */
export function describeDeclaration(document: DockerfileDocument, declaration: VariableDeclaration): string {
  const { kind, name, value, stage } = declaration;
  const { analysis } = document;
  const line = (place: VariableDeclaration): string => {
    if (analysis.isOwn(place.nameSpan)) return `${document.positionAt(place.nameSpan.start).line + 1}`;
    const location = analysis.whole.source.locate(place.nameSpan);
    return `${location.line} of ${inlineCode(location.file)}`;
  };
  const keyword = kind.toUpperCase();
  const written = value === undefined ? name : `${name}=${clipped(value.text)}`;
  const where = stage === undefined ? "before the first `FROM`" : `in stage ${inlineCode(stageTitle(stage))}`;
  const parts = [codeBlock(`${keyword} ${written}`)];
  const comment = commentOf(declaration.node.comments);
  if (comment !== "") parts.push(comment);
  parts.push(
    `${kind === "arg" ? "Build argument" : "Environment variable"}, declared in line ${line(declaration)}, ${where}.`,
  );
  if (kind === "arg" && value === undefined) {
    const global = analysis.variables.globalOf(declaration);
    if (global?.value === undefined) {
      if (predefinedArg(name) === undefined) parts.push("It has no default.");
    } else
      parts.push(`Its default ${inlineCode(clipped(global.value.text))} is that of line ${line(global)}.`);
  }
  return parts.join("\n\n");
}
