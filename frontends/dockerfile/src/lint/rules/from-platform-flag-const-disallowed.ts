import { parsePlatform, type Platform } from "@slipway/oci";
import { buildkitRule } from "../rule.ts";

function platformOf(text: string): Platform | undefined {
  try {
    return parsePlatform(text, { anyOs: true });
  } catch {
    return undefined;
  }
}

export const fromPlatformFlagConstDisallowed = buildkitRule({
  name: "FromPlatformFlagConstDisallowed",
  description: "The platform of FROM is a variable: a fixed one makes the file work for that platform only",
  *check({ file }) {
    for (const { from, name } of file.stages) {
      const text = from.platform?.text ?? "$";
      if (text.includes("$")) continue;
      const platform = platformOf(text);
      // A stage that says so in its name is meant for that platform.
      if (platform === undefined || name.includes(platform.os) || name.includes(platform.architecture))
        continue;
      yield {
        span: from.platform!.span,
        node: from.node,
        message: `the platform of FROM is fixed to ${text}`,
        hint: "Leave --platform away, use $BUILDPLATFORM, or name the stage after the platform.",
      };
    }
  },
});
