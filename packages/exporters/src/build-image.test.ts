import { Readable } from "node:stream";
import fc from "fast-check";
import { parseImageConfig, parseManifest } from "@slipway/oci/schemas";
import { MediaTypes, sha256, type DiffId, type HistoryEntry, type ImageConfig } from "@slipway/oci";
import type { LayerBlob } from "@slipway/engine-sdk";
import { describe, expect, it } from "vitest";
import { alignHistory } from "./image/history.ts";
import { buildImage } from "./index.ts";

const platform = { os: "linux", architecture: "arm", variant: "v7" };
const layer = (name: string, created: string): LayerBlob => ({
  descriptor: { mediaType: MediaTypes.ociLayerGzip, digest: sha256(name), size: 10 },
  diffId: sha256(`diff ${name}`) as DiffId,
  created,
  open: () => Readable.from([]),
  origins: [],
});
const base: HistoryEntry[] = [{ created: "2020-01-01T00:00:00Z", created_by: "base" }];
const layers = [layer("base", "2020-01-01T00:00:00Z"), layer("new", "2024-05-05T00:00:00Z")];

describe("a history", () => {
  it("gives steps without a layer the time of the first new layer, not that of the base image", () => {
    const aligned = alignHistory(
      [
        ...base,
        { created_by: "ENV", empty_layer: true },
        { created_by: "COPY" },
        { created_by: "CMD", empty_layer: true },
      ],
      layers,
      undefined,
    );
    expect(aligned.map(({ created }) => created)).toEqual([
      "2020-01-01T00:00:00Z",
      "2024-05-05T00:00:00Z",
      "2024-05-05T00:00:00Z",
      "2024-05-05T00:00:00Z",
    ]);
  });

  it("gives all new steps the epoch and leaves those of the base image alone", () => {
    const aligned = alignHistory(
      [...base, { created_by: "ENV", empty_layer: true }, { created_by: "COPY" }],
      layers,
      "2001-01-01T00:00:00Z",
    );
    expect(aligned.map(({ created }) => created)).toEqual([
      "2020-01-01T00:00:00Z",
      "2001-01-01T00:00:00Z",
      "2001-01-01T00:00:00Z",
    ]);
  });

  it("of a base image with steps that only set something takes their time where no layer is new", () => {
    expect(
      alignHistory([...base, { created_by: "ENV", empty_layer: true }], layers.slice(0, 1), undefined).at(-1)
        ?.created,
    ).toBe("2020-01-01T00:00:00Z");
  });

  it("always has as many entries with a layer as there are layers, all with a time, and none lost", () => {
    const entries = fc.array(
      fc.record({
        created_by: fc.string(),
        empty_layer: fc.option(fc.boolean(), { nil: undefined }),
        created: fc.option(fc.constant("2010-01-01T00:00:00Z"), { nil: undefined }),
      }),
    );
    fc.assert(
      fc.property(
        entries,
        fc.nat({ max: 6 }),
        fc.option(fc.constant("2001-01-01T00:00:00Z"), { nil: undefined }),
        (history, count, epoch) => {
          const aligned = alignHistory(
            history,
            Array.from({ length: count }, (_, index) => ({ created: `2024-01-0${index + 1}T00:00:00Z` })),
            epoch,
          );
          expect(aligned.filter((one) => !one.empty_layer)).toHaveLength(count);
          expect(aligned.slice(0, history.length).map(({ created_by }) => created_by)).toEqual(
            history.map(({ created_by }) => created_by),
          );
          if (count > 0 || epoch) expect(aligned.every(({ created }) => created !== undefined)).toBe(true);
        },
      ),
    );
  });
});

describe("an image", () => {
  const config: ImageConfig = {
    os: "linux",
    architecture: "arm",
    variant: "v7",
    config: { Labels: { b: "2", a: "1" }, Env: ["X=1"], User: "me" },
    history: [...base, { created_by: "COPY" }],
  };

  it("has its diff IDs, the time of its last step, and keys in the order of the spec's structs", () => {
    const image = buildImage(layers, { platform, config, ociMediaTypes: true });
    expect(image.config.bytes.toString()).toBe(
      '{"created":"2024-05-05T00:00:00Z","architecture":"arm","os":"linux","variant":"v7",' +
        '"config":{"User":"me","Env":["X=1"],"Labels":{"a":"1","b":"2"}},' +
        `"rootfs":{"type":"layers","diff_ids":["${layers[0]!.diffId}","${layers[1]!.diffId}"]},` +
        '"history":[{"created":"2020-01-01T00:00:00Z","created_by":"base"},{"created":"2024-05-05T00:00:00Z","created_by":"COPY"}]}',
    );
    expect(parseImageConfig(image.config.bytes).rootfs?.diff_ids).toHaveLength(2);
    expect(parseManifest(image.manifest.bytes).layers.map(({ digest }) => digest)).toEqual(
      layers.map(({ descriptor }) => descriptor.digest),
    );
    expect(Object.keys(JSON.parse(image.manifest.bytes.toString()) as object)).toEqual([
      "schemaVersion",
      "mediaType",
      "config",
      "layers",
    ]);
  });

  it("is made at the epoch when there is one", () => {
    const image = buildImage(layers, { platform, config, ociMediaTypes: true, sourceDateEpochSeconds: 0 });
    expect((JSON.parse(image.config.bytes.toString()) as ImageConfig).created).toBe("1970-01-01T00:00:00Z");
  });

  it("depends on nothing but its inputs", () => {
    const shuffled = Object.fromEntries(Object.entries(config).reverse()) as unknown as ImageConfig;
    expect(
      buildImage(layers, { platform, config: shuffled, ociMediaTypes: true }).manifest.descriptor,
    ).toEqual(buildImage(layers, { platform, config, ociMediaTypes: true }).manifest.descriptor);
  });

  it("may be empty and without a config; it has no time then", () => {
    const image = buildImage([], { platform, ociMediaTypes: false });
    const written = JSON.parse(image.config.bytes.toString()) as ImageConfig;
    expect(written).toMatchObject({
      architecture: "arm",
      os: "linux",
      variant: "v7",
      rootfs: { type: "layers", diff_ids: [] },
    });
    expect(written).not.toHaveProperty("created");
    expect(image.manifest.descriptor.mediaType).toBe(MediaTypes.dockerManifest);
    expect(image.config.descriptor.mediaType).toBe(MediaTypes.dockerConfig);
  });
});
