import { nearestName } from "../../did-you-mean.ts";
import type { Span } from "../../syntax/source-text.ts";
import { directiveValue, parseCheckOptions } from "../check-options.ts";
import { slipwayRule, type Report } from "../rule.ts";
import { RULE_NAMES } from "../rule-names.ts";

function* unknownNames(value: string, span: Span): Iterable<Report> {
  const read = directiveValue(value);
  const valueStart = span.end - value.length;
  if (read.length < value.trimEnd().length) {
    yield {
      span: { start: valueStart + read.length, end: span.end },
      message: "a check directive ends at the first white space: what follows is not read",
      hint: "Write the options without spaces: # check=skip=A,B;error=true",
    };
  }
  const options = parseCheckOptions(read);
  if (typeof options === "string") return;
  for (const name of new Set([...options.skip, ...options.experimental])) {
    if (name === "" || name === "all" || RULE_NAMES.has(name)) continue;
    const near = nearestName(name, RULE_NAMES);
    const start = valueStart + Math.max(0, value.indexOf(name));
    yield {
      span: { start, end: start + name.length },
      message: `there is no rule ${name}`,
      hint:
        near === undefined
          ? "Names of rules are written as findings show them, capitals included."
          : `Did you mean ${near}?`,
      ...(near === undefined
        ? {}
        : {
            fix: {
              title: `Write ${near}`,
              edits: [{ span: { start, end: start + name.length }, text: near }],
              unsure: true as const,
            },
          }),
    };
  }
}

export const unknownCheckRule = slipwayRule({
  name: "UnknownCheckRule",
  description: "Check directives name rules that exist",
  *check({ tree, comments }) {
    for (const { name, value, span } of tree.directives)
      if (name === "check") yield* unknownNames(value, span);
    for (const block of comments.values()) {
      for (const { text, span } of block) {
        const value = /^check\s*=\s*(\S.*)$/i.exec(text)?.[1];
        if (value !== undefined) yield* unknownNames(value, span);
      }
    }
  },
});
