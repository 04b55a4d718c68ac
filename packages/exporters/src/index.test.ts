import { describe, expect, it } from "vitest";
import * as exporters from "./index.ts";
import { prepare } from "./export-context.test.fixture.ts";

it("exports exactly these names", () => {
  expect(Object.keys(exporters).sort()).toEqual(["buildImage", "exporterNames", "loadExporter"]);
});

it("loads each exporter by its name, and nothing by others", async () => {
  const services = {
    registry() {
      throw new Error("not asked for");
    },
  };
  for (const name of exporters.exporterNames)
    expect((await exporters.loadExporter(name, services))?.name).toBe(name);
  expect(await exporters.loadExporter("toString", services)).toBeUndefined();
});

describe("options", () => {
  it.each([
    [
      "oci",
      { dest: "x", colour: "red" },
      /colour is not an option of this exporter; it has .*compression-level.*dest/,
    ],
    ["local", { dest: "x", name: "y" }, /name is not an option .*platform-split/],
    ["oci", { dest: "x", compression: "lzma" }, /compression "lzma" is not one of uncompressed, gzip, zstd/],
    ["oci", { dest: "x", tar: "maybe" }, /tar "maybe" is neither true nor false/],
    ["oci", { dest: "x", "compression-level": "high" }, /compression-level "high" is not a whole number/],
    ["oci", { dest: "x", "compression-level": "12" }, /compression-level 12 is not one of gzip's/],
    ["oci", { dest: "x", compression: "uncompressed", "compression-level": "1" }, /needs a compression/],
    ["docker", { dest: "x", compression: "zstd" }, /none for zstd/],
    ["oci", { dest: "x", name: "Bad Name" }, /name "Bad Name" is not an image name/],
    ["oci", { dest: "x", name: `a@sha256:${"0".repeat(64)}` }, /has a digest/],
    ["oci", { dest: "x", "annotation-index[linux/amd64].a": "b" }, /an index is for all platforms/],
    ["oci", { dest: "x", "annotation-manifest[!].a": "b" }, /is not a platform/],
    ["oci", {}, /has no dest/],
    ["tar", {}, /has no dest/],
    ["oci", { dest: "-", tar: "false" }, /can't be written to stdout/],
  ] as [string, Record<string, string>, RegExp][])(
    "of %s: %o are refused with a reason",
    async (name, attrs, message) => {
      await expect(prepare(name, attrs)).rejects.toThrow(message);
    },
  );

  it("take the spellings that BuildKit takes", async () => {
    for (const value of ["", "1", "true", "T", "TRUE"])
      expect((await prepare("oci", { dest: "x", "force-compression": value })).wantsBlobs?.force).toBe(true);
    for (const value of ["0", "false", "f"])
      expect((await prepare("oci", { dest: "x", "force-compression": value })).wantsBlobs?.force).toBe(false);
  });
});
