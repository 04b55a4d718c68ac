import { buildkitRule } from "../rule.ts";

export const redundantTargetPlatform = buildkitRule({
  name: "RedundantTargetPlatform",
  description: "FROM does not ask for the target platform, which it takes anyway",
  fixable: true,
  *check({ file, source, evaluation }) {
    // With a default of its own, the argument may mean another platform.
    const isRedefined = file.globalArgs.some(({ args }) =>
      args.some(({ key }) => key.text === "TARGETPLATFORM"),
    );
    for (const { from } of file.stages) {
      const { platform, node } = from;
      if (
        platform === undefined ||
        !/^\$(?:TARGETPLATFORM|\{TARGETPLATFORM(?::?[-+?][^{}]*)?\})$/.test(platform.text)
      )
        continue;
      const flag = node.flags.find(({ name }) => name === "platform");
      const after = flag && /^[ \t]*/.exec(source.text.slice(flag.span.end))![0].length;
      const isPlain = /^\$\{?TARGETPLATFORM\}?$/.test(platform.text) && !isRedefined;
      yield {
        span: flag?.span ?? platform.span,
        node,
        message: `--platform=${platform.text} says what is so anyway`,
        hint: "Leave the flag away.",
        ...(isPlain && flag && evaluation.globals.has("TARGETPLATFORM")
          ? {
              fix: {
                title: "Remove the flag",
                edits: [{ span: { start: flag.span.start, end: flag.span.end + after! }, text: "" }],
              },
            }
          : {}),
      };
    }
  },
});
