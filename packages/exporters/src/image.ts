import { defineExporter, type ExportContext, type Exporter } from "@slipway/engine-sdk";
import { formatImageReference, InputError, type ImageReference } from "@slipway/oci";
import type { RegistryClient } from "@slipway/registry";
import { withExportSteps, type ExportSteps } from "./export-progress.ts";
import type { ExporterServices } from "./exporter-services.ts";
import { buildImageSet, documentsOf, layersOf, type ImageSet } from "./image/image-set.ts";
import { imageResponse } from "./image/response.ts";
import { flag, optionsSchema } from "./options/fields.ts";
import { checkImageOptions, imageFields, wantedBlobs, type ImageOptions } from "./options/image-options.ts";

export interface PushOptions extends ImageOptions {
  readonly push: boolean;
  /** The names get no tag; the digest alone names the image. */
  readonly pushByDigest: boolean;
  /** The registries of the names may be spoken to over plain HTTP or with unknown certificates. */
  readonly insecure: boolean;
}

/**
 * An image in the store, and with `push=true` in a registry. Without a push it answers with the digest; the layers
 * stay in the cache, and nothing is named.
 * @param name `image`, or `registry` which pushes unless told not to
 */
export function createImageExporter(
  name: "image" | "registry",
  services: ExporterServices,
): Exporter<PushOptions> {
  return defineExporter<PushOptions>({
    name,
    options: optionsSchema<PushOptions>({
      ...imageFields({ ociMediaTypes: true }),
      push: flag("push", name === "registry"),
      pushByDigest: flag("push-by-digest", false),
      insecure: flag("registry.insecure", false),
    }),
    prepare(options) {
      checkImageOptions(options);
      if (options.push && options.names.length === 0) {
        throw new InputError("EXPORTER_OPTION_INVALID", "a push needs a name", {
          hint: "Add name=registry/repository:tag, or --tag.",
        });
      }
      return {
        wantsBlobs: wantedBlobs(options),
        write: (context) =>
          withExportSteps(context.progress, "exporting to image", async (steps) => {
            const set = await buildImageSet(context, options, steps);
            if (options.push) {
              const insecureHosts = options.insecure
                ? options.names.map(({ registry }) => registry)
                : undefined;
              const client = await services.registry(insecureHosts ? { insecureHosts } : {});
              await pushSet(client, set, { options, context, steps });
            } else {
              for (const reference of options.names)
                steps.note(`naming to ${formatImageReference(reference)}`);
            }
            return imageResponse(set, options.names);
          }),
      };
    },
  });
}

/** Names of one repository, which share their blobs. */
function byRepository(names: readonly ImageReference[]): ImageReference[][] {
  const groups = new Map<string, ImageReference[]>();
  for (const name of names) {
    const key = `${name.registry}/${name.repository}`;
    groups.set(key, [...(groups.get(key) ?? []), name]);
  }
  return [...groups.values()];
}

async function pushSet(
  client: RegistryClient,
  set: ImageSet,
  { options, context, steps }: { options: PushOptions; context: ExportContext; steps: ExportSteps },
): Promise<void> {
  const groups = byRepository(options.names);
  /** Repositories that have all blobs by now: further ones in the same registry mount them. */
  const done: string[] = [];
  await steps.run("pushing layers", async (report) => {
    for (const [first] of groups) {
      if (!first) continue;
      await pushBlobs(client, set, { repository: first, origins: done, signal: context.signal, report });
      done.push(`${first.registry}/${first.repository}`);
    }
  });
  for (const group of groups) {
    for (const name of options.pushByDigest ? group.slice(0, 1) : group) {
      const { tag: _tag, ...untagged } = name;
      const { digest } = set.root.descriptor;
      const shown = formatImageReference({ ...(options.pushByDigest ? untagged : name), digest });
      await steps.run(`pushing manifest for ${shown}`, () =>
        pushManifests(client, set, options.pushByDigest ? untagged : name, context.signal),
      );
    }
  }
}

async function pushBlobs(
  client: RegistryClient,
  set: ImageSet,
  {
    repository,
    origins,
    signal: outer,
    report,
  }: {
    repository: ImageReference;
    origins: readonly string[];
    signal: AbortSignal;
    report: (current: number, total: number) => void;
  },
): Promise<void> {
  const layers = layersOf(set);
  const configs = [...new Map(set.images.map(({ config }) => [config.descriptor.digest, config])).values()];
  const totalBytes = layers.reduce((sum, { descriptor }) => sum + descriptor.size, 0);
  const sent = new Map<string, number>();
  const tell = () =>
    report(
      [...sent.values()].reduce((sum, bytes) => sum + bytes, 0),
      totalBytes,
    );
  // When one fails, the others must not go on behind the error's back.
  const failed = new AbortController();
  const signal = AbortSignal.any([outer, failed.signal]);
  const uploads = [
    ...layers.map(async (layer) => {
      const { digest, size } = layer.descriptor;
      const blob = {
        descriptor: layer.descriptor,
        path: layer.path,
        open: () => layer.open(),
        origins: [...layer.origins, ...origins],
      };
      await client.pushBlob(repository, blob, {
        signal,
        onProgress(bytes) {
          sent.set(digest, bytes);
          tell();
        },
      });
      sent.set(digest, size);
      tell();
    }),
    ...configs.map(async ({ descriptor, bytes }) => {
      const { Readable } = await import("node:stream");
      await client.pushBlob(repository, { descriptor, open: () => Readable.from([bytes]) }, { signal });
    }),
  ];
  try {
    await Promise.all(uploads);
  } catch (error) {
    failed.abort(error);
    await Promise.allSettled(uploads);
    throw error;
  }
}

async function pushManifests(
  client: RegistryClient,
  set: ImageSet,
  name: ImageReference,
  signal: AbortSignal,
): Promise<void> {
  // Registries refuse an index whose manifests they do not have.
  if (set.index) {
    const children = [...documentsOf(set).values()].filter(({ descriptor }) =>
      set.images.some(({ manifest }) => manifest.descriptor.digest === descriptor.digest),
    );
    await Promise.all(
      children.map(({ descriptor, bytes }) =>
        client.pushManifest(name, { bytes, mediaType: descriptor.mediaType }, { signal }),
      ),
    );
  }
  const { descriptor, bytes } = set.root;
  await client.pushManifest(name, { bytes, mediaType: descriptor.mediaType, tag: name.tag }, { signal });
}
