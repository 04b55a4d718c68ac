import { buildkitRule } from "../rule.ts";

export const invalidBaseImagePlatform = buildkitRule({
  name: "InvalidBaseImagePlatform",
  description: "Base images are for the platform that is built for",
  *check({ tree, facts }) {
    for (const { image, at, wanted, found, stage } of facts.mismatches ?? []) {
      const node = tree.instructions.find(({ span }) => span.start === at);
      if (node === undefined) continue;
      const args = node.arguments;
      const from = node.flags.find(({ name }) => name === "from");
      const word = node.name === "from" && args.form === "words" ? args.words[0] : undefined;
      yield {
        span: word?.span ?? from?.valueSpan ?? node.span,
        node,
        stage,
        message: `the image ${image} is for ${found}, but ${wanted} is wanted`,
        hint: "Use a tag that has the platform, or choose another one with --platform.",
      };
    }
  },
});
