import { allowsIncludes } from "@slipway/frontend-dockerfile/language";
import { CompletionItemKind } from "vscode-languageserver";
import type { Cursor } from "../../analysis/cursor.ts";
import { EXTENSION_DOCUMENTATION, INSTRUCTION_DOCUMENTATION } from "../../documentation/all-instructions.ts";
import type { InstructionDocumentation } from "../../documentation/instruction-documentation.ts";
import type { DockerfileDocument } from "../../documents/dockerfile-document.ts";
import type { Candidate } from "./candidate.ts";

const NOT_ON_BUILD = ["FROM", "ONBUILD", "MAINTAINER", "INCLUDE"];

/** The instructions that may stand here, written in the case that the file uses. */
export function keywordCandidates(
  document: DockerfileDocument,
  cursor: Extract<Cursor, { kind: "keyword" }>,
): readonly Candidate[] {
  const { analysis } = document;
  const inStage = analysis.stages.stageAt(cursor.span.start - 1) !== undefined;
  const other = analysis.tree.instructions.find(({ span }) => span.start !== cursor.span.start);
  const example = other?.keyword.text ?? cursor.prefix;
  const isLower = example !== "" && example === example.toLowerCase();
  const extensions = allowsIncludes(analysis.tree.directives) ? EXTENSION_DOCUMENTATION : [];
  const fits = ({ name }: InstructionDocumentation): boolean => {
    if (cursor.onbuild) return !NOT_ON_BUILD.includes(name);
    // A fragment may begin with a FROM of its own.
    return inStage || ["FROM", "ARG", "INCLUDE"].includes(name) || extensions.length > 0;
  };
  return [...INSTRUCTION_DOCUMENTATION, ...extensions].filter(fits).map((instruction) => {
    const label = isLower ? instruction.name.toLowerCase() : instruction.name;
    return {
      label,
      kind: CompletionItemKind.Keyword,
      detail: instruction.summary,
      // What stands behind the word already stays as it is.
      insert: cursor.alone ? `${label} ` : label,
      ...(cursor.alone ? { snippet: `${label} ${instruction.snippet}` } : {}),
      deprecated: instruction.deprecated !== undefined,
      documentation: { of: "instruction", name: instruction.name },
    };
  });
}
