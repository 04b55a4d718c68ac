import { CompletionItemKind } from "vscode-languageserver";
import type { Cursor } from "../../analysis/cursor.ts";
import { MOUNT_KEY_DOCUMENTATION, mountKeyDocumentation } from "../../documentation/mounts.ts";
import type { DockerfileDocument } from "../../documents/dockerfile-document.ts";
import type { Candidate } from "./candidate.ts";
import { valueCandidates } from "./flags.ts";
import { stageCandidates } from "./stages.ts";

/** The keys that a mount of this type still lacks, or the values of the key that the cursor is behind. */
export function mountCandidates(
  document: DockerfileDocument,
  cursor: Extract<Cursor, { kind: "mount" }>,
): readonly Candidate[] {
  const key = cursor.key === undefined ? undefined : mountKeyDocumentation(cursor.key);
  if (key?.name === "from")
    return stageCandidates(document, { before: cursor.span.start, withNumbers: true });
  if (key?.name === "type") {
    return (key.values ?? []).map(({ value, summary }) => ({
      label: value,
      kind: CompletionItemKind.EnumMember,
      detail: summary,
      documentation: { of: "mount-type", name: value },
    }));
  }
  if (cursor.key !== undefined) return valueCandidates(key?.values ?? []);
  const given = [...cursor.fields, ...cursor.rest].map((field) => /^([^=]*)=?(.*)$/s.exec(field)!);
  const names = given.map(([, name]) => mountKeyDocumentation(name!)?.name);
  const type = given.find(([, name]) => name!.toLowerCase() === "type")?.[2]?.toLowerCase() || "bind";
  const opposite: Readonly<Record<string, string>> = { readonly: "readwrite", readwrite: "readonly" };
  return MOUNT_KEY_DOCUMENTATION.filter(
    ({ name, types }) =>
      !names.includes(name) &&
      !names.includes(opposite[name] ?? name) &&
      (name === "type" || types.includes(type)),
  ).map((each) => ({
    label: each.name,
    kind: CompletionItemKind.Property,
    detail: each.summary,
    insert: each.alone ? each.name : `${each.name}=`,
    documentation: { of: "mount-key", name: each.name },
  }));
}
