import { buildkitRule } from "../rule.ts";

const RESERVED = new Set(["scratch", "context"]);

export const reservedStageName = buildkitRule({
  name: "ReservedStageName",
  description: "No stage is named scratch or context, which mean something already",
  *check({ file }) {
    for (const { from, name } of file.stages) {
      if (from.name === undefined || !RESERVED.has(name)) continue;
      yield {
        span: from.name.span,
        node: from.node,
        message: `"${name}" is a reserved name, which a stage should not have`,
        hint:
          name === "scratch"
            ? "FROM scratch is the empty image: choose another name."
            : "context means the build context: choose another name.",
      };
    }
  },
});
