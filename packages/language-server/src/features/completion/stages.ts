import { CompletionItemKind } from "vscode-languageserver";
import type { DockerfileDocument } from "../../documents/dockerfile-document.ts";
import type { Candidate } from "./candidate.ts";

/**
 * The stages that end before an offset: those that can be built upon and copied from there.
 * @param options.withNumbers also stages without a name, by their number
 */
export function stageCandidates(
  document: DockerfileDocument,
  options: { readonly before: number; readonly withNumbers: boolean },
): readonly Candidate[] {
  const { stages } = document.analysis.stages;
  const here = document.analysis.stages.stageAt(options.before)?.index ?? stages.length;
  return stages
    .slice(0, here)
    .toReversed()
    .filter(({ name }) => name !== undefined || options.withNumbers)
    .map((stage) => ({
      label: stage.name?.text ?? String(stage.index),
      kind: CompletionItemKind.Module,
      detail: `FROM ${stage.base?.text ?? ""}`.slice(0, 200),
      documentation: { of: "stage", uri: document.uri, index: stage.index },
    }));
}
