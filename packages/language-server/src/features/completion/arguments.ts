import { CompletionItemKind } from "vscode-languageserver";
import type { Cursor } from "../../analysis/cursor.ts";
import { PREDEFINED_ARGS } from "../../documentation/predefined-args.ts";
import { STOP_SIGNALS } from "../../documentation/signals.ts";
import type { DockerfileDocument } from "../../documents/dockerfile-document.ts";
import type { Candidate } from "./candidate.ts";
import { flagCandidates, valueCandidates } from "./flags.ts";
import { stageCandidates } from "./stages.ts";

type ArgumentCursor = Extract<Cursor, { kind: "argument" }>;

/** What may stand among an instruction's arguments; its flags too, as long as there is no argument. */
export function argumentCandidates(
  document: DockerfileDocument,
  cursor: ArgumentCursor,
): readonly Candidate[] {
  const flags = cursor.words.length === 0 && cursor.prefix === "" ? flagCandidates(cursor) : [];
  return [...ownCandidates(document, cursor), ...flags];
}

function ownCandidates(document: DockerfileDocument, cursor: ArgumentCursor): readonly Candidate[] {
  const isFirst = cursor.words.length === 0;
  switch (cursor.instruction) {
    case "from":
      return fromCandidates(document, cursor);
    case "arg":
      return argCandidates(document, cursor);
    case "healthcheck":
      if (!isFirst) return [];
      return [
        {
          label: "CMD",
          kind: CompletionItemKind.Keyword,
          insert: "CMD ",
          detail: "The command that checks.",
        },
        { label: "NONE", kind: CompletionItemKind.Keyword, detail: "No check, whatever the base image has." },
      ];
    case "stopsignal":
      return isFirst ? valueCandidates(STOP_SIGNALS) : [];
    default:
      return [];
  }
}

function fromCandidates(document: DockerfileDocument, cursor: ArgumentCursor): readonly Candidate[] {
  if (cursor.words.length === 1) return [{ label: "AS", kind: CompletionItemKind.Keyword, insert: "AS " }];
  if (cursor.words.length > 1) return [];
  return [
    ...stageCandidates(document, { before: cursor.span.start, withNumbers: false }),
    { label: "scratch", kind: CompletionItemKind.Module, detail: "Nothing at all: an empty file system." },
  ];
}

/** In a stage: what it could take over from above the first FROM, and what exists by itself. */
function argCandidates(document: DockerfileDocument, cursor: ArgumentCursor): readonly Candidate[] {
  if (cursor.prefix.includes("=")) return [];
  const { variables, stages } = document.analysis;
  if (stages.stageAt(cursor.span.start) === undefined) return [];
  const globals = [...variables.globals.values()].map(({ name, nameSpan }) => ({
    label: name,
    kind: CompletionItemKind.Constant,
    detail: "declared before the first FROM",
    documentation: { of: "variable", uri: document.uri, at: nameSpan.start } as const,
  }));
  const predefined = PREDEFINED_ARGS.filter(({ use }) => use === "platform").map(({ name, summary }) => ({
    label: name,
    kind: CompletionItemKind.Constant,
    detail: summary,
    documentation: { of: "predefined-arg", name } as const,
  }));
  return [...globals, ...predefined];
}
