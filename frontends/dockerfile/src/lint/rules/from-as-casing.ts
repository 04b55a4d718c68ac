import { buildkitRule } from "../rule.ts";

export const fromAsCasing = buildkitRule({
  name: "FromAsCasing",
  description: "AS is written as FROM is: both in capitals, or both in lower case",
  fixable: true,
  *check({ file }) {
    for (const { from } of file.stages) {
      const args = from.node.arguments;
      const as = args.form === "words" ? args.words[1] : undefined;
      if (from.name === undefined || as === undefined) continue;
      const keyword = from.node.keyword.text;
      const isUpper = keyword === keyword.toUpperCase();
      const isLower = keyword === keyword.toLowerCase();
      if (as.text === as.text.toUpperCase() ? isUpper : as.text === as.text.toLowerCase() && isLower)
        continue;
      // A FROM in mixed case is another rule's finding.
      if (!isUpper && !isLower) continue;
      const wanted = isUpper ? "AS" : "as";
      yield {
        span: as.span,
        node: from.node,
        message: `"${as.text}" is not written like "${keyword}"`,
        hint: `Write ${wanted}.`,
        fix: { title: `Write ${wanted}`, edits: [{ span: as.span, text: wanted }] },
      };
    }
  },
});
