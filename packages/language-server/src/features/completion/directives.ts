import { RULES } from "@slipway/frontend-dockerfile/language";
import { CompletionItemKind } from "vscode-languageserver";
import type { Cursor } from "../../analysis/cursor.ts";
import { DIRECTIVE_DOCUMENTATION, directiveDocumentation } from "../../documentation/directives.ts";
import type { DockerfileDocument } from "../../documents/dockerfile-document.ts";
import type { Candidate } from "./candidate.ts";
import { valueCandidates } from "./flags.ts";

/** Directives that are not given yet, or the values of the one that the cursor is in. */
export function directiveCandidates(
  document: DockerfileDocument,
  cursor: Extract<Cursor, { kind: "directive" }>,
): readonly Candidate[] {
  const name = /^(\w+)\s*=/.exec(cursor.line)?.[1]?.toLowerCase();
  if (name === undefined) {
    if (cursor.line !== "") return [];
    const given = document.analysis.tree.directives
      .filter(({ span }) => span.end < cursor.span.start)
      .map((directive) => directive.name);
    return DIRECTIVE_DOCUMENTATION.filter((directive) => !(given as string[]).includes(directive.name)).map(
      (directive) => ({
        label: directive.name,
        kind: CompletionItemKind.Keyword,
        detail: directive.summary,
        insert: document.text[cursor.span.end] === "=" ? directive.name : `${directive.name}=`,
        documentation: { of: "directive", name: directive.name },
      }),
    );
  }
  if (name === "check") return checkCandidates(cursor.line);
  return valueCandidates(directiveDocumentation(name)?.values ?? []);
}

/** In `check=skip=A,B;error=true`: keys, or the names of rules. */
function checkCandidates(line: string): readonly Candidate[] {
  const part = line
    .slice(line.indexOf("=") + 1)
    .split(";")
    .at(-1)!;
  if (!part.includes("=")) return valueCandidates(directiveDocumentation("check")?.values ?? []);
  if (/^\s*error\s*=/i.test(part))
    return valueCandidates([
      { value: "true", summary: "Findings fail the build." },
      { value: "false", summary: "Findings are warnings." },
    ]);
  const isExperimental = /^\s*experimental\s*=/i.test(part);
  const given = part.slice(part.indexOf("=") + 1).split(",");
  const rules = RULES.filter(
    (rule) =>
      !given.includes(rule.name) && (!isExperimental || rule.experimental === true || rule.optIn === true),
  ).map((rule) => ({ value: rule.name, summary: rule.description }));
  return valueCandidates([...rules, { value: "all", summary: "Every rule." }]);
}
