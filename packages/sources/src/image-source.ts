import { formatPlatform, WorldError } from "@slipway/oci";
import type { Source } from "@slipway/engine-sdk";
import type { ImageResolver } from "./image-resolver.ts";

const SCHEME = "docker-image";

/** Images of registries: `docker-image://name[:tag][@digest]`. Layers come when something looks into them. */
export function createImageSource(resolver: ImageResolver): Source {
  const nameOf = (identifier: string): string => identifier.slice(`${SCHEME}://`.length);
  return {
    schemes: [SCHEME],
    async key(op, platform, signal) {
      const name = nameOf(op.identifier);
      const { digest } = await resolver.pin(name, signal);
      try {
        // Registers the layers, so that cached results over them count as complete.
        await resolver.resolve(name, platform, signal);
      } catch (error) {
        // A pinned image has its key without the registry; whoever needs its content hears of the failure.
        if (!(error instanceof WorldError)) throw error;
      }
      return `${SCHEME} ${digest} ${formatPlatform(platform)}`;
    },
    async load(op, platform, { context }) {
      return (await resolver.resolve(nameOf(op.identifier), platform, context.signal)).ref;
    },
  };
}
