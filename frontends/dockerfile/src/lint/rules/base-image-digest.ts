import { parseImageReference } from "@slipway/oci";
import { slipwayRule } from "../rule.ts";
import { imageNames } from "../image-names.ts";

export const baseImageDigest = slipwayRule({
  name: "BaseImageDigest",
  description: "Images are named with their digest",
  optIn: true,
  *check(context) {
    for (const { name, span, node, stage } of imageNames(context)) {
      if (parseImageReference(name).digest !== undefined) continue;
      yield {
        span,
        node,
        stage,
        message: `${name} has no digest: its tag may be moved to other content`,
        hint: "Add the digest that the registry shows: name:tag@sha256:…",
      };
    }
  },
});
