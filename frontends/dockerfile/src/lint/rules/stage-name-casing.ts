import { buildkitRule } from "../rule.ts";

export const stageNameCasing = buildkitRule({
  name: "StageNameCasing",
  description: "Names of stages are written in lower case",
  fixable: true,
  *check({ file }) {
    for (const { from } of file.stages) {
      if (from.name === undefined) continue;
      const { text, span } = from.name;
      const lower = text.toLowerCase();
      if (lower === text) continue;
      yield {
        span,
        node: from.node,
        message: `the stage name "${text}" should be in lower case`,
        hint: "Stages are found by their names without regard to case: one spelling is enough.",
        fix: { title: `Rename the stage to ${lower}`, edits: [{ span, text: lower }] },
      };
    }
  },
});
