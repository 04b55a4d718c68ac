import { INSTRUCTION_FLAGS } from "@slipway/frontend-dockerfile/language";
import { CompletionItemKind } from "vscode-languageserver";
import type { Cursor } from "../../analysis/cursor.ts";
import { flagDocumentation, instructionDocumentation } from "../../documentation/all-instructions.ts";
import type { ValueDocumentation } from "../../documentation/instruction-documentation.ts";
import type { DockerfileDocument } from "../../documents/dockerfile-document.ts";
import type { Candidate } from "./candidate.ts";
import { stageCandidates } from "./stages.ts";

/** The flags of the instruction that are not given yet. */
export function flagCandidates(cursor: {
  readonly instruction: string;
  readonly flags: readonly string[];
}): readonly Candidate[] {
  const documentation = instructionDocumentation(cursor.instruction);
  if (documentation === undefined) return [];
  const known = INSTRUCTION_FLAGS[cursor.instruction] ?? {};
  return documentation.flags
    .filter(
      ({ name, repeatable }) => Object.hasOwn(known, name) && (repeatable || !cursor.flags.includes(name)),
    )
    .map((flag) => ({
      label: `--${flag.name}`,
      kind: CompletionItemKind.Property,
      detail: flag.summary,
      insert:
        known[flag.name] === "bool" || flag.placeholder === undefined ? `--${flag.name}` : `--${flag.name}=`,
      documentation: { of: "flag", instruction: documentation.name, name: flag.name },
    }));
}

/** The values of a flag: stages, platforms, or those that its documentation lists. */
export function flagValueCandidates(
  document: DockerfileDocument,
  cursor: Extract<Cursor, { kind: "flag-value" }>,
): readonly Candidate[] {
  if (cursor.flag === "from" && cursor.instruction === "copy")
    return stageCandidates(document, { before: cursor.span.start, withNumbers: true });
  const flag = flagDocumentation(cursor.instruction, cursor.flag);
  if (flag?.values !== undefined) return valueCandidates(flag.values);
  const isBoolean = INSTRUCTION_FLAGS[cursor.instruction]?.[cursor.flag] === "bool";
  return isBoolean ? ["true", "false"].map((label) => ({ label, kind: CompletionItemKind.Value })) : [];
}

export function valueCandidates(values: readonly ValueDocumentation[]): readonly Candidate[] {
  return values.map(({ value, summary }) => ({
    label: value,
    kind: CompletionItemKind.EnumMember,
    detail: summary,
  }));
}
