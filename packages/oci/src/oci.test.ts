import fc from "fast-check";
import { describe, expect, test } from "vitest";
import * as oci from "./index.ts";
import { MediaTypes } from "./index.ts";
import { parseImageConfig, parseIndex, parseManifest } from "./schemas.ts";

const bytes = (value: unknown): Uint8Array => Buffer.from(JSON.stringify(value));

describe("image names", () => {
  test.each([
    ["busybox", "docker.io/library/busybox", "busybox"],
    ["busybox:1.36", "docker.io/library/busybox:1.36", "busybox:1.36"],
    ["docker.io/busybox", "docker.io/library/busybox", "busybox"],
    ["index.docker.io/me/app", "docker.io/me/app", "me/app"],
    ["localhost/app", "localhost/app", "localhost/app"],
    ["127.0.0.1:5000/a/b/c:x", "127.0.0.1:5000/a/b/c:x", "127.0.0.1:5000/a/b/c:x"],
    ["[::1]:5000/app", "[::1]:5000/app", "[::1]:5000/app"],
    [
      `ghcr.io/a/b:t@${oci.sha256("x")}`,
      `ghcr.io/a/b:t@${oci.sha256("x")}`,
      `ghcr.io/a/b:t@${oci.sha256("x")}`,
    ],
  ])("%s is %s", (written, complete, familiar) => {
    const reference = oci.parseImageReference(written);
    expect(oci.formatImageReference(reference)).toBe(complete);
    expect(oci.familiarImageReference(reference)).toBe(familiar);
    expect(oci.parseImageReference(complete)).toEqual(reference);
  });

  test.each([
    ["", "the name is empty"],
    ["Upper", "names are lower case"],
    ["a//b", "not allowed"],
    ["a:b c", "is not a tag"],
    ["a@sha256:12", "is not a sha256 digest"],
    [`${"a".repeat(256)}`, "longer than 255"],
  ])("%j is refused: %s", (written, why) => {
    expect(() => oci.parseImageReference(written)).toThrow(why);
  });

  test("no text makes the parser hang or throw anything but its own error", () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        try {
          const reference = oci.parseImageReference(text);
          expect(oci.parseImageReference(oci.formatImageReference(reference))).toEqual(reference);
        } catch (error) {
          expect(error).toBeInstanceOf(oci.InputError);
        }
      }),
    );
  });
});

describe("platforms", () => {
  test.each([
    ["linux/amd64", "linux/amd64"],
    ["linux/x86_64", "linux/amd64"],
    ["linux/aarch64", "linux/arm64"],
    ["linux/arm64/v8", "linux/arm64"],
    ["linux/arm", "linux/arm/v7"],
    ["linux/arm/7", "linux/arm/v7"],
    ["linux/armel", "linux/arm/v6"],
    ["arm64", "linux/arm64"],
    ["wasi/wasm", "wasi/wasm"],
    ["Linux(6.1)/amd64", "linux/amd64"],
    ["macos/amd64", "darwin/amd64"],
    ["sparc", "linux/sparc"],
    ["windows", `windows/${oci.hostPlatform().architecture}`],
  ])("%s is %s", (written, canonical) => {
    expect(oci.formatPlatform(oci.parsePlatform(written))).toBe(canonical);
  });

  test.each(["", "a/b/c/d", "linux/", "li nux/amd64", "linx/arm64", "foo", "amd46"])(
    "%j is refused with an example of what is right",
    (written) => {
      expect(() => oci.parsePlatform(written)).toThrow(
        expect.objectContaining({ code: "PLATFORM_INVALID", hint: expect.stringContaining("linux/arm64") }),
      );
    },
  );

  test("an os of any name is taken where that is asked for, and its version told apart", () => {
    expect(oci.parsePlatform("foo(1.0)/x86_64/v2", { anyOs: true })).toEqual({
      os: "foo",
      architecture: "amd64",
      variant: "v2",
      osVersion: "1.0",
    });
    for (const written of ["a.b/c", "a(b/c", "a(b)", ""])
      expect(() => oci.parsePlatform(written, { anyOs: true })).toThrow(
        expect.objectContaining({ code: "PLATFORM_INVALID" }),
      );
  });

  test("spellings of one platform match each other", () => {
    expect(
      oci.platformMatches(
        { os: "linux", architecture: "arm64", variant: "v8" },
        { os: "Linux", architecture: "aarch64" },
      ),
    ).toBe(true);
    expect(
      oci.platformMatches(
        { os: "linux", architecture: "arm" },
        { os: "linux", architecture: "arm", variant: "v6" },
      ),
    ).toBe(false);
  });
});

describe("digests", () => {
  test("are those of sha256sum", () => {
    expect(oci.sha256("abc")).toBe("sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    expect(oci.createDigester().update("a").update(Buffer.from("bc")).digest()).toBe(oci.sha256("abc"));
  });

  test("chain IDs follow the specification's recursion", () => {
    const [a, b] = [oci.sha256("a"), oci.sha256("b")] as oci.DiffId[] as [oci.DiffId, oci.DiffId];
    expect(oci.chainIds([a, b])).toEqual([a, oci.sha256(`${a} ${b}`)]);
    expect(oci.chainIds([])).toEqual([]);
  });

  test.each(["", "sha256:", `sha256:${"A".repeat(64)}`, `sha512:${"a".repeat(64)}`])(
    "%j is no digest",
    (text) => {
      expect(oci.isDigest(text)).toBe(false);
      expect(() => oci.parseDigest(text)).toThrow("is not a digest");
    },
  );
});

describe("documents from outside", () => {
  const descriptor = { mediaType: oci.MediaTypes.ociLayerGzip, digest: oci.sha256("x"), size: 3 };

  test("nulls of Go's encoder mean absent, and unknown fields stay", () => {
    const config = parseImageConfig(
      bytes({
        architecture: "amd64",
        os: "linux",
        extra: 1,
        config: { Env: null, Labels: null, New: true },
        history: null,
      }),
    );
    expect(config.config?.Env).toBeUndefined();
    expect(config).toMatchObject({ extra: 1, config: { New: true } });
  });

  test("a manifest with a malformed digest is refused, naming the field", () => {
    const broken = { schemaVersion: 2, config: descriptor, layers: [{ ...descriptor, digest: "md5:1" }] };
    expect(() => parseManifest(bytes(broken))).toThrow(/layers\.0\.digest/);
  });

  test.each([
    ["no JSON", Buffer.from("{")],
    ["another version", bytes({ schemaVersion: 1, manifests: [] })],
    ["a negative size", bytes({ schemaVersion: 2, manifests: [{ ...descriptor, size: -1 }] })],
  ])("an index with %s is refused", (_, document) => {
    expect(() => parseIndex(document)).toThrow(expect.objectContaining({ code: "DOCUMENT_INVALID" }));
  });

  test("a document that is a manifest to one reader and an index to another is refused", () => {
    const manifest = { schemaVersion: 2, config: descriptor, layers: [descriptor] };
    const index = { schemaVersion: 2, manifests: [descriptor] };
    const invalid = expect.objectContaining({ code: "DOCUMENT_INVALID" });
    expect(() => parseManifest(bytes({ ...manifest, ...index }))).toThrow(invalid);
    expect(() => parseIndex(bytes({ ...manifest, ...index }))).toThrow(invalid);
    expect(() => parseIndex(bytes({ ...index, config: descriptor }))).toThrow(invalid);
    expect(() => parseManifest(bytes({ ...manifest, mediaType: MediaTypes.ociIndex }))).toThrow(invalid);
    expect(() => parseIndex(bytes({ ...index, mediaType: MediaTypes.dockerManifest }))).toThrow(invalid);
    expect(parseManifest(bytes({ ...manifest, manifests: [] })).layers).toHaveLength(1);
    expect(parseIndex(bytes({ ...index, layers: null })).manifests).toHaveLength(1);
  });

  test("a document larger than any registry takes is refused unread", () => {
    expect(() => parseIndex(Buffer.alloc(5 * 1024 * 1024))).toThrow(
      expect.objectContaining({ code: "DOCUMENT_TOO_LARGE" }),
    );
  });
});

test("the public names are pinned", () => {
  expect(Object.keys(oci).sort()).toEqual([
    "InputError",
    "InvariantError",
    "MediaTypes",
    "SlipwayError",
    "WorldError",
    "chainIds",
    "createDigester",
    "digestHex",
    "familiarImageReference",
    "formatImageReference",
    "formatPlatform",
    "hostPlatform",
    "isDigest",
    "isIndexMediaType",
    "isManifestMediaType",
    "layerCompression",
    "normalizePlatform",
    "parseDigest",
    "parseImageReference",
    "parsePlatform",
    "platformMatches",
    "randomName",
    "sha256",
    "unreachable",
  ]);
});
