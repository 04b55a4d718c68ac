import { CompletionItemKind } from "vscode-languageserver";
import type { Cursor } from "../../analysis/cursor.ts";
import { PREDEFINED_ARGS } from "../../documentation/predefined-args.ts";
import type { DockerfileDocument } from "../../documents/dockerfile-document.ts";
import type { Candidate } from "./candidate.ts";

/** The variables that have a value at the cursor, the nearest first. */
export function variableCandidates(
  document: DockerfileDocument,
  cursor: Extract<Cursor, { kind: "variable" }>,
  offset: number,
): readonly Candidate[] {
  const { variables, stages } = document.analysis;
  const stage = stages.stageAt(cursor.node.span.start);
  const inFrom = cursor.instruction === "from";
  const isRuntime = ["cmd", "entrypoint", "healthcheck"].includes(cursor.instruction);
  const close = cursor.braced && document.text[cursor.span.end] !== "}" ? "}" : "";
  const declared = variables
    .visibleAt(Math.min(offset, cursor.node.span.start), { stage, inFrom })
    .filter(({ kind }) => kind === "env" || !isRuntime)
    .toReversed();
  const names = new Set(declared.map(({ name }) => name));
  const predefined = PREDEFINED_ARGS.filter(
    ({ name, use }) =>
      !names.has(name) &&
      ((use === "platform" && (inFrom || stage === undefined)) ||
        (use === "proxy" && cursor.instruction === "run")),
  );
  return [
    ...declared.map(({ name, kind, value, nameSpan }) => ({
      label: name,
      kind: kind === "arg" ? CompletionItemKind.Constant : CompletionItemKind.Variable,
      detail: `${kind.toUpperCase()} ${name}${value === undefined ? "" : `=${value.text}`}`.slice(0, 200),
      insert: `${name}${close}`,
      documentation: { of: "variable", uri: document.uri, at: nameSpan.start } as const,
    })),
    ...predefined.map(({ name, use }) => ({
      label: name,
      kind: CompletionItemKind.Constant,
      detail: use === "proxy" ? "proxy setting" : "platform argument",
      insert: `${name}${close}`,
      documentation: { of: "predefined-arg", name } as const,
    })),
  ];
}
