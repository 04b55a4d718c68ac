import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { requires, runCommand, temporaryFolder } from "@slipway/testing";
import { slipway } from "./harness/slipway.ts";
import { BUSYBOX, FROM_TOOLS, toolsContext } from "./harness/tools-image.ts";

const STEPS = `RUN mkdir -p /data/sub && echo 1 > /data/x && echo 2 > /data/sub/y && ln /data/x /data/hard && ln -s x /data/soft
RUN rm /data/sub/y && echo 3 > /data/sub/z #!COMMIT
RUN rm -rf /data/sub && mkdir /data/sub && echo new > /data/sub/new
RUN rm /data/x && echo gone > /gone
RUN <<EOF #!COMMIT
#!/bin/sh
rm /gone
echo "$0" > /ran
EOF
ENV DONE=yes
RUN echo tail > /tail
USER 1000
`;

interface Image {
  /** Names in each layer's archive, base first. */
  readonly layers: readonly (readonly string[])[];
  /** Entries of the history that have layers. */
  readonly steps: readonly string[];
}

/** What the documents of an image hold, each a part of it. */
interface Document {
  readonly manifests: readonly { digest: string }[];
  readonly layers: readonly { digest: string }[];
  readonly config: { digest: string };
  readonly history: readonly { created_by: string; empty_layer?: boolean }[];
}

requires({ root: true, paths: [BUSYBOX] }).describe("layers that are committed", () => {
  const folder = temporaryFolder();
  afterAll(() => folder.remove());
  const context = folder.join("context");
  beforeAll(() => void toolsContext(context, { dockerfile: `${FROM_TOOLS}${STEPS}` }));

  async function build(mode: string, output: string): Promise<void> {
    const result = await slipway(["build", `--commit=${mode}`, output, context], {
      root: folder.join("store"),
    });
    expect(result, result.stderr).toMatchObject({ code: 0 });
  }

  async function image(mode: string): Promise<Image> {
    const place = folder.join(mode);
    mkdirSync(place, { recursive: true });
    await build(mode, `--output=type=oci,tar=false,dest=${place}/layout`);
    const blob = (digest: string): Buffer => readFileSync(`${place}/layout/blobs/sha256/${digest.slice(7)}`);
    const json = (bytes: Buffer): Document => JSON.parse(bytes.toString()) as Document;
    const index = json(readFileSync(`${place}/layout/index.json`));
    const manifest = json(blob(index.manifests[0]!.digest));
    const { history } = json(blob(manifest.config.digest));
    const layers: (readonly string[])[] = [];
    for (const { digest } of manifest.layers) {
      writeFileSync(`${place}/layer.tar`, gunzipSync(blob(digest)));
      const listed = await runCommand("tar", ["-tf", `${place}/layer.tar`]);
      layers.push(listed.stdout.trim().split("\n"));
    }
    const steps = history.filter((entry) => !entry.empty_layer).map(({ created_by }) => created_by);
    return { layers, steps };
  }

  test("explicit: one layer for each commit and one for the tail, without what came and went between", async () => {
    const { layers, steps } = await image("explicit");
    expect(layers.slice(-3)).toEqual([
      ["data/", "data/hard", "data/soft", "data/sub/", "data/sub/z", "data/x"],
      ["data/", "data/sub/", "data/sub/.wh.z", "data/sub/new", "data/.wh.x", "ran"].sort(),
      ["tail"],
    ].map((names) => expect.arrayContaining(names) as unknown)); // prettier-ignore
    expect(layers.flat()).not.toContain("gone");
    expect(steps.slice(-3).map((step) => step.replace("RUN /bin/sh -c ", ""))).toEqual([
      "rm /data/sub/y && echo 3 > /data/sub/z #!COMMIT # buildkit",
      "/dev/pipes/EOF # buildkit",
      "echo tail > /tail # buildkit",
    ]);
    expect(steps).toHaveLength(layers.length);
  });

  test("implicit: a layer for each step", async () => {
    const [implicit, explicit] = [await image("implicit"), await image("explicit")];
    expect(implicit.layers).toHaveLength(explicit.layers.length + 3);
    expect(implicit.steps).toHaveLength(implicit.layers.length);
    expect(implicit.layers.flat()).toContain("gone");
  });

  describe("the files of both are the same", () => {
    test("in content, kind, mode, owner, time and links", async () => {
      for (const mode of ["implicit", "explicit"])
        await build(mode, `--output=type=tar,dest=${folder.join(`${mode}.tar`)}`);
      expect(
        readFileSync(folder.join("explicit.tar")).equals(readFileSync(folder.join("implicit.tar"))),
      ).toBe(true);
      const listed = await runCommand("tar", ["-tvf", folder.join("explicit.tar")]);
      expect(listed.stdout).toContain(" data/hard\n");
      expect(listed.stdout).toContain("data/soft -> x");
    });
  });
});
