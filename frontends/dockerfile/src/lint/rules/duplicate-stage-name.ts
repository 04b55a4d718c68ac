import { buildkitRule } from "../rule.ts";

export const duplicateStageName = buildkitRule({
  name: "DuplicateStageName",
  description: "No two stages have the same name",
  *check({ file }) {
    const seen = new Set<string>();
    for (const { from, name } of file.stages) {
      if (from.name === undefined) continue;
      if (seen.has(name)) {
        yield {
          span: from.name.span,
          node: from.node,
          message: `there is a stage "${name}" already`,
          hint: "Give one of them another name: COPY --from and --target find only one.",
        };
      }
      seen.add(name);
    }
  },
});
