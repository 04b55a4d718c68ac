import { buildkitRule } from "../rule.ts";

export const consistentInstructionCasing = buildkitRule({
  name: "ConsistentInstructionCasing",
  description: "All instructions of a file are written in the same case",
  fixable: true,
  *check({ tree, file }) {
    const [firstStage] = file.stages;
    if (firstStage === undefined) return;
    // BuildKit leaves the arguments before the first FROM out.
    const nodes = tree.instructions.slice(tree.instructions.indexOf(firstStage.from.node));
    let lower = 0;
    let upper = 0;
    for (const { keyword } of nodes) {
      if (keyword.text === keyword.text.toLowerCase()) lower++;
      else if (keyword.text === keyword.text.toUpperCase()) upper++;
    }
    const isLower = lower > upper;
    for (const node of nodes) {
      const { text, span } = node.keyword;
      const wanted = isLower ? text.toLowerCase() : text.toUpperCase();
      if (wanted === text) continue;
      yield {
        span,
        node,
        message: `"${text}" should be in ${isLower ? "lower" : "upper"} case, as most instructions of this file are`,
        hint: `Write ${wanted}.`,
        fix: { title: `Write ${wanted}`, edits: [{ span, text: wanted }] },
      };
    }
  },
});
