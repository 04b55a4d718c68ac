import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { createRegistryClient } from "@slipway/registry";
import { parseImageReference, sha256, type ImageConfig } from "@slipway/oci";
import { startRegistry } from "@slipway/testing";
import { describe, expect, it, onTestFinished } from "vitest";
import {
  ARM64,
  contextFor,
  layerTar,
  missingTools,
  prepare,
  type TestResult,
} from "./export-context.test.fixture.ts";

const missing = missingTools("docker-registry", "skopeo");

/** The address of a registry that ends with the test. */
async function registryOfTest(): Promise<string> {
  const registry = await startRegistry();
  onTestFinished(() => registry.stop());
  return registry.host;
}

const services = {
  registry: (options: { insecureHosts?: readonly string[] }) => createRegistryClient(options),
};
const inspect = (name: string, ...args: string[]) =>
  JSON.parse(
    execFileSync("skopeo", ["inspect", "--tls-verify=false", ...args, `docker://${name}`], {
      encoding: "utf8",
    }),
  ) as Record<string, unknown>;
const result = (): TestResult => ({
  layers: [
    { tar: layerTar({ a: "shared" }) },
    { tar: Buffer.concat([layerTar({ b: randomBytes(100_000).toString("hex") })]) },
  ],
});

describe.skipIf(missing !== undefined)(
  `type=image,push=true${missing ? ` (missing: ${missing})` : ""}`,
  () => {
    it("pushes under all names, to several repositories, as skopeo sees it", async () => {
      const host = await registryOfTest();
      const names = [`${host}/team/app:v1`, `${host}/team/app:latest`, `${host}/mirror/app`];
      const context = contextFor([result()]);
      const response = await (
        await prepare("image", { name: names.join(","), push: "true" }, services)
      ).write(context);
      for (const name of names) expect(inspect(name).Digest).toBe(response["containerimage.digest"]);
      expect(response["image.name"]).toBe(`${names[0]},${names[1]},${names[2]}:latest`);
      expect(inspect(names[0]!, "--raw").mediaType).toBe("application/vnd.oci.image.manifest.v1+json");
      const steps = context.events
        .filter((event) => event.kind === "status" && event.completedMs !== undefined)
        .map((event) => event.kind === "status" && event.name);
      expect(steps).toContain("pushing layers");
      expect(steps).toContain(
        `pushing manifest for ${names[0]}@${String(response["containerimage.digest"])}`,
      );
    });

    it("pushes an index for several platforms, an empty image, and Docker's media types", async () => {
      const host = await registryOfTest();
      const name = `${host}/multi:x`;
      const response = await (
        await prepare("registry", { name }, services)
      ).write(contextFor([result(), { ...result(), platform: ARM64 }]));
      expect((inspect(name, "--raw") as { manifests: unknown[] }).manifests).toHaveLength(2);
      expect(
        sha256(execFileSync("skopeo", ["inspect", "--raw", "--tls-verify=false", `docker://${name}`])),
      ).toBe(response["containerimage.digest"]);
      expect(
        (inspect(name, "--config", "--override-arch", "arm64") as unknown as ImageConfig).architecture,
      ).toBe("arm64");

      await (await prepare("registry", { name: `${host}/empty:x` }, services)).write(contextFor([{}]));
      expect(inspect(`${host}/empty:x`)).toMatchObject({ Layers: [] });
      await (
        await prepare("registry", { name: `${host}/docker:x`, "oci-mediatypes": "false" }, services)
      ).write(contextFor([result()]));
      expect(inspect(`${host}/docker:x`, "--raw").mediaType).toBe(
        "application/vnd.docker.distribution.manifest.v2+json",
      );
    });

    it("pushes by digest without touching a tag", async () => {
      const host = await registryOfTest();
      const prepared = await prepare(
        "image",
        { name: `${host}/app`, push: "true", "push-by-digest": "true" },
        services,
      );
      const response = await prepared.write(contextFor([result()]));
      const client = createRegistryClient();
      const { signal } = new AbortController();
      await expect(
        client.resolve(parseImageReference(`${host}/app:latest`), { signal }),
      ).rejects.toMatchObject({ code: "IMAGE_NOT_FOUND" });
      expect(inspect(`${host}/app@${String(response["containerimage.digest"])}`, "--raw")).toHaveProperty(
        "layers",
      );
    });

    it("mounts layers of the base image from where they came, without reading them", async () => {
      const host = await registryOfTest();
      const base = { tar: layerTar({ base: "x" }) };
      await (
        await prepare("registry", { name: `${host}/base` }, services)
      ).write(contextFor([{ layers: [base] }]));
      const context = contextFor([{ layers: [{ ...base, origins: [`${host}/base`] }] }]);
      const [first] = context.results;
      const blobs = async (options: Parameters<NonNullable<typeof first>["ref"]["blobs"]>[0]) =>
        (await first!.ref.blobs(options)).map((blob) => ({
          ...blob,
          open: () => {
            throw new Error("it was read");
          },
        }));
      await (
        await prepare("registry", { name: `${host}/derived` }, services)
      ).write({ ...context, results: [{ ...first!, ref: { ...first!.ref, blobs } }] });
      expect(inspect(`${host}/derived`).Layers).toHaveLength(1);
    });

    it("fails as a whole when one blob can't be read", async () => {
      const host = await registryOfTest();
      const context = contextFor([result()]);
      const [first] = context.results;
      const blobs = async (options: Parameters<NonNullable<typeof first>["ref"]["blobs"]>[0]) => {
        const [one, ...rest] = await first!.ref.blobs(options);
        const broken = () => {
          throw new Error("the disk is gone");
        };
        return [...rest, { ...one!, open: broken }];
      };
      const write = (await prepare("registry", { name: `${host}/app` }, services)).write({
        ...context,
        results: [{ ...first!, ref: { ...first!.ref, blobs } }],
      });
      await expect(write).rejects.toThrow("the disk is gone");
      expect(
        context.events.some((event) => event.kind === "vertex" && event.error === "the disk is gone"),
      ).toBe(true);
    });
  },
);

describe("type=image", () => {
  it("answers with the digest when nothing is pushed", async () => {
    const response = await (
      await prepare("image", { name: "app" })
    ).write(contextFor([{ layers: [{ tar: layerTar({ a: "b" }) }] }]));
    expect(response["containerimage.digest"]).toMatch(/^sha256:/);
    expect(response["image.name"]).toBe("docker.io/library/app:latest");
  });

  it("needs a name to push", async () => {
    await expect(prepare("image", { push: "true" })).rejects.toMatchObject({
      code: "EXPORTER_OPTION_INVALID",
    });
    await expect(prepare("registry", {})).rejects.toMatchObject({ code: "EXPORTER_OPTION_INVALID" });
  });
});
