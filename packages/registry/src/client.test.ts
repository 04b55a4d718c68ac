import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { Readable } from "node:stream";
import { MediaTypes, parseImageReference, sha256, type Platform } from "@slipway/oci";
import { startRegistry, type RegistryServer } from "@slipway/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createRegistryClient, staticCredentials, type PushableBlob, type RegistryClient } from "./index.ts";
import { missingTools } from "./http-server.test.fixture.ts";

const signal = new AbortController().signal;
const missing = missingTools("docker-registry", "skopeo", "htpasswd", "openssl");
const amd64: Platform = { os: "linux", architecture: "amd64" };

function blobOf(bytes: Buffer, origins: string[] = []): PushableBlob {
  return {
    descriptor: { digest: sha256(bytes), size: bytes.length },
    open: () => Readable.from([bytes]),
    origins,
  };
}

function imageFor(architecture: string, layer: Buffer, variant?: string) {
  const config = Buffer.from(
    JSON.stringify({
      architecture,
      os: "linux",
      ...(variant ? { variant } : {}),
      rootfs: { type: "layers", diff_ids: [sha256(layer)] },
    }),
  );
  const manifest = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: MediaTypes.ociManifest,
      config: { mediaType: MediaTypes.ociConfig, digest: sha256(config), size: config.length },
      layers: [{ mediaType: MediaTypes.ociLayer, digest: sha256(layer), size: layer.length }],
    }),
  );
  return { config, manifest, layer };
}

async function pushImage(client: RegistryClient, name: string, image: ReturnType<typeof imageFor>) {
  const reference = parseImageReference(name);
  await Promise.all([
    client.pushBlob(reference, blobOf(image.layer), { signal }),
    client.pushBlob(reference, blobOf(image.config), { signal }),
  ]);
  return client.pushManifest(
    reference,
    { bytes: image.manifest, mediaType: MediaTypes.ociManifest, tag: reference.tag },
    { signal },
  );
}

async function collect(chunks: AsyncIterable<Buffer>): Promise<Buffer> {
  const all = [];
  for await (const chunk of chunks) all.push(chunk);
  return Buffer.concat(all);
}

describe.skipIf(missing !== undefined)(
  `against a real registry${missing ? ` (missing: ${missing})` : ""}`,
  () => {
    let registry: RegistryServer;
    let client: RegistryClient;
    beforeAll(async () => {
      registry = await startRegistry();
      client = createRegistryClient();
    });
    afterAll(async () => {
      client.close();
      await registry.stop();
    });

    it("pushes an image that skopeo reads and that comes back byte for byte", async () => {
      const image = imageFor("amd64", randomBytes(300_000));
      const name = `${registry.host}/one:v1`;
      const pushed = await pushImage(client, name, image);
      const seen = JSON.parse(
        execFileSync("skopeo", ["inspect", "--tls-verify=false", `docker://${name}`], { encoding: "utf8" }),
      ) as {
        Digest: string;
        Layers: string[];
      };
      expect(seen.Digest).toBe(pushed.digest);
      expect(seen.Layers).toEqual([sha256(image.layer)]);

      const reference = parseImageReference(name);
      expect(await client.resolve(reference, { signal })).toEqual(pushed);
      const pulled = await client.image(reference, amd64, { signal });
      expect(pulled.manifest.bytes).toEqual(image.manifest);
      expect(pulled.config.bytes).toEqual(image.config);
      expect(pulled.indexes).toEqual([]);
      expect(await collect(client.blob(reference, pulled.manifest.manifest.layers[0]!, { signal }))).toEqual(
        image.layer,
      );
    });

    it("pulls what skopeo pushed", async () => {
      const folder = mkdtempSync(path.join(tmpdir(), "slipway-seed-"));
      const image = imageFor("amd64", randomBytes(1000));
      mkdirSync(`${folder}/blobs/sha256`, { recursive: true });
      for (const bytes of [image.config, image.manifest, image.layer])
        writeFileSync(`${folder}/blobs/sha256/${sha256(bytes).slice(7)}`, bytes);
      writeFileSync(`${folder}/oci-layout`, '{"imageLayoutVersion":"1.0.0"}');
      const descriptor = {
        mediaType: MediaTypes.ociManifest,
        digest: sha256(image.manifest),
        size: image.manifest.length,
        annotations: { "org.opencontainers.image.ref.name": "x" },
      };
      writeFileSync(`${folder}/index.json`, JSON.stringify({ schemaVersion: 2, manifests: [descriptor] }));
      execFileSync(
        "skopeo",
        ["copy", "--dest-tls-verify=false", `oci:${folder}:x`, `docker://${registry.host}/seeded:x`],
        { stdio: "pipe" },
      );
      rmSync(folder, { recursive: true });
      const pulled = await client.image(parseImageReference(`${registry.host}/seeded:x`), amd64, { signal });
      expect(pulled.config.config.rootfs?.diff_ids).toEqual([sha256(image.layer)]);
    });

    it("sends a blob once, and mounts it from another repository of the registry", async () => {
      const layer = randomBytes(100_000);
      const first = parseImageReference(`${registry.host}/team/first`);
      const second = parseImageReference(`${registry.host}/team/second`);
      expect(await client.pushBlob(first, blobOf(layer), { signal })).toBe("uploaded");
      expect(await client.pushBlob(first, blobOf(layer), { signal })).toBe("exists");
      expect(await client.pushBlob(second, blobOf(layer, [`${registry.host}/team/first`]), { signal })).toBe(
        "mounted",
      );
      expect(await client.hasBlob(second, sha256(layer), { signal })).toBe(true);
      expect(await client.hasBlob(second, sha256("nothing"), { signal })).toBe(false);
    });

    it("uploads when the origin does not have the blob after all", async () => {
      const layer = randomBytes(1000);
      const target = parseImageReference(`${registry.host}/team/third`);
      expect(await client.pushBlob(target, blobOf(layer, [`${registry.host}/team/absent`]), { signal })).toBe(
        "uploaded",
      );
      expect(await client.hasBlob(target, sha256(layer), { signal })).toBe(true);
    });

    it("uploads in chunks, from streams and from files, and empty blobs", async () => {
      const chunked = createRegistryClient({ chunkBytes: 64 * 1024 });
      const target = parseImageReference(`${registry.host}/chunks`);
      const file = path.join(registry.storage, "layer");
      const fromFile = randomBytes(200_001);
      writeFileSync(file, fromFile);
      for (const blob of [
        blobOf(randomBytes(300_000)),
        blobOf(randomBytes(64 * 1024)),
        blobOf(randomBytes(1)),
        { ...blobOf(fromFile), path: file, open: () => Readable.from([Buffer.from("not this")]) },
        blobOf(Buffer.alloc(0)),
      ]) {
        const seen: number[] = [];
        expect(
          await chunked.pushBlob(target, blob, { signal, onProgress: (bytes) => seen.push(bytes) }),
        ).toBe("uploaded");
        expect(seen.at(-1) ?? 0).toBe(blob.descriptor.size);
        expect(sha256(await collect(chunked.blob(target, blob.descriptor, { signal })))).toBe(
          blob.descriptor.digest,
        );
      }
      chunked.close();
    });

    it("refuses to send a blob whose bytes are fewer or more than its size", async () => {
      const target = parseImageReference(`${registry.host}/wrong`);
      for (const wrong of [randomBytes(10), randomBytes(5000)]) {
        const blob = { ...blobOf(randomBytes(1000)), open: () => Readable.from([wrong]) };
        await expect(client.pushBlob(target, blob, { signal })).rejects.toThrow(/size/);
      }
    });

    it("chooses from an index by platform, older variants included, and names what there is", async () => {
      const name = `${registry.host}/multi`;
      const reference = parseImageReference(name);
      const manifests = [];
      for (const [architecture, variant] of [["amd64"], ["arm", "v6"], ["arm64", "v8"]] as [
        string,
        string?,
      ][]) {
        const pushed = await pushImage(client, name, imageFor(architecture, randomBytes(100), variant));
        manifests.push({ ...pushed, platform: { os: "linux", architecture, variant } });
      }
      const bytes = Buffer.from(
        JSON.stringify({ schemaVersion: 2, mediaType: MediaTypes.ociIndex, manifests }),
      );
      await client.pushManifest(
        reference,
        { bytes, mediaType: MediaTypes.ociIndex, tag: "latest" },
        { signal },
      );
      const of = async (platform: Platform) =>
        (await client.image(reference, platform, { signal })).config.config.architecture;
      expect(await of(amd64)).toBe("amd64");
      expect(await of({ os: "linux", architecture: "arm", variant: "v7" })).toBe("arm");
      expect(await of({ os: "linux", architecture: "arm64" })).toBe("arm64");
      expect((await client.image(reference, amd64, { signal })).indexes[0]?.bytes).toEqual(bytes);
      expect((await client.resolve(reference, { platform: amd64, signal })).digest).toBe(
        manifests[0]?.digest,
      );
      await expect(of({ os: "linux", architecture: "riscv64" })).rejects.toMatchObject({
        code: "PLATFORM_NOT_FOUND",
        hint: expect.stringContaining("linux/amd64, linux/arm/v6, linux/arm64") as string,
      });
    });

    it("says that an image, or a tag of it, is not there", async () => {
      for (const name of [`${registry.host}/nobody/nothing`, `${registry.host}/one:v2`]) {
        await expect(client.resolve(parseImageReference(name), { signal })).rejects.toMatchObject({
          code: "IMAGE_NOT_FOUND",
          family: "input",
        });
        await expect(client.image(parseImageReference(name), amd64, { signal })).rejects.toMatchObject({
          code: "IMAGE_NOT_FOUND",
        });
      }
    });

    it("moves many blobs in parallel without mixing them up", async () => {
      const target = parseImageReference(`${registry.host}/many`);
      const blobs = Array.from({ length: 12 }, (_, index) => blobOf(randomBytes(50_000 + index)));
      await Promise.all(blobs.map((blob) => client.pushBlob(target, blob, { signal })));
      const pulled = await Promise.all(
        blobs.map((blob) => collect(client.blob(target, blob.descriptor, { signal }))),
      );
      expect(pulled.map((bytes) => sha256(bytes))).toEqual(blobs.map(({ descriptor }) => descriptor.digest));
    });
  },
);

describe.skipIf(missing !== undefined)("against a registry with passwords and TLS", () => {
  let registry: RegistryServer;
  let folder: string;
  beforeAll(async () => {
    folder = mkdtempSync(path.join(tmpdir(), "slipway-tls-"));
    registry = await startRegistry({ htpasswd: { username: "jane", password: "s3cret" }, tls: true });
    mkdirSync(`${folder}/certs/${registry.host}`, { recursive: true });
    writeFileSync(`${folder}/certs/${registry.host}/ca.crt`, readFileSync(registry.caFile!));
  });
  afterAll(async () => {
    await registry.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const jane = () =>
    staticCredentials({ [registry.host]: { kind: "password", username: "jane", password: "s3cret" } });
  const blob = blobOf(Buffer.from("a blob"));

  it("trusts an authority from certs.d and from SSL_CERT_FILE, and logs in with a password", async () => {
    const target = parseImageReference(`${registry.host}/private`);
    for (const options of [
      { certFolders: [`${folder}/certs`] },
      { certFolders: [], env: { SSL_CERT_FILE: registry.caFile! } },
    ]) {
      const client = createRegistryClient({ credentials: jane(), ...options });
      expect(["uploaded", "exists"]).toContain(await client.pushBlob(target, blob, { signal }));
      expect(await collect(client.blob(target, blob.descriptor, { signal }))).toEqual(Buffer.from("a blob"));
      client.close();
    }
  });

  it("refuses an unknown authority with a hint, unless the host is configured as insecure", async () => {
    const target = parseImageReference(`${registry.host}/private`);
    const strict = createRegistryClient({ credentials: jane(), certFolders: [] });
    await expect(strict.hasBlob(target, blob.descriptor.digest, { signal })).rejects.toMatchObject({
      code: "REGISTRY_UNREACHABLE",
      hint: expect.stringContaining(`certs.d/${registry.host}`) as string,
    });
    const lax = createRegistryClient({
      credentials: jane(),
      certFolders: [],
      insecureHosts: [registry.host],
    });
    expect(typeof (await lax.hasBlob(target, blob.descriptor.digest, { signal }))).toBe("boolean");
  });

  it("tells that nobody, or somebody with a wrong password, may not come in, without showing the password", async () => {
    const target = parseImageReference(`${registry.host}/private`);
    const wrong = staticCredentials({
      [registry.host]: { kind: "password", username: "jane", password: "wr0ng-pass" },
    });
    for (const credentials of [undefined, wrong]) {
      const client = createRegistryClient({ credentials, certFolders: [`${folder}/certs`] });
      const error = await client.resolve(target, { signal }).catch((caught: unknown) => caught as Error);
      expect(error).toMatchObject({
        code: "REGISTRY_UNAUTHORIZED",
        hint: expect.stringContaining("docker login") as string,
      });
      expect(JSON.stringify(error, Object.getOwnPropertyNames(error))).not.toMatch(/wr0ng-pass|d3Iwbmc/);
    }
  });
});
