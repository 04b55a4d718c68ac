import { parseImageReference } from "@slipway/oci";
import { slipwayRule } from "../rule.ts";
import { imageNames } from "../image-names.ts";

export const unpinnedBaseImage = slipwayRule({
  name: "UnpinnedBaseImage",
  description: "Images are named with a tag other than latest, or a digest",
  *check(context) {
    for (const { name, span, node, stage } of imageNames(context)) {
      const { tag, digest } = parseImageReference(name);
      if (digest !== undefined || (tag !== undefined && tag !== "latest")) continue;
      yield {
        span,
        node,
        stage,
        message: `${name} is another image every few months: it has ${tag === undefined ? "no tag" : "the tag latest"}`,
        hint: "Name a version, for example debian:trixie-slim, or a digest.",
      };
    }
  },
});
