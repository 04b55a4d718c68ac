import { createVertex, CUSTOM_NAME, type SourceOp, type Vertex } from "@slipway/ir";
import type { Platform } from "@slipway/oci";
import type { SourceDescription } from "./git-reference.ts";

/** A source that progress calls `customName`. Only images depend on a platform. */
export function sourceVertex(
  { identifier, attrs }: Pick<SourceDescription, "identifier" | "attrs">,
  options: { readonly customName: string; readonly platform?: Platform },
): Vertex {
  const op: SourceOp = { kind: "source", identifier, attrs };
  const { customName, platform } = options;
  return createVertex({
    op,
    ...(platform === undefined ? {} : { constraints: { platform, filter: [] } }),
    metadata: { description: { [CUSTOM_NAME]: customName } },
  });
}
