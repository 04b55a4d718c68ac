import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createEngine } from "@slipway/engine";
import { afterEach, beforeEach, expect, test } from "vitest";
import { runCommandLine } from "../command-line.ts";
import { temporaryFolder, type TemporaryFolder } from "../testing/temporary-folder.ts";
import { testHost } from "../testing/test-host.ts";

let folder: TemporaryFolder;
beforeEach(() => {
  folder = temporaryFolder();
});
afterEach(() => folder.remove());

test("files of every size are exported byte by byte, those of the context and those that the build writes", async () => {
  const sizes = [0, 1, 65_535, 65_536, 65_537, 1_048_576, 3_000_001];
  const contents = new Map(sizes.map((size) => [`f${size}`, randomBytes(size)]));
  for (const [name, content] of contents) writeFileSync(folder.join(name), content);
  writeFileSync(folder.join("Dockerfile"), "FROM scratch\nCOPY f* /\nCOPY <<E /written\ntext\nE\n");
  const { host, stderr } = testHost({}, { cwd: folder.path });
  const root = folder.join("store");
  const real = { ...host, createEngine: () => createEngine({ root }) };
  const outputs = ["-o", "type=local,dest=out", "-o", "type=tar,dest=out.tar"];
  expect(await runCommandLine(["build", ...outputs, "."], real), stderr()).toBe(0);
  mkdirSync(folder.join("unpacked"));
  execFileSync("tar", ["-xf", folder.join("out.tar"), "-C", folder.join("unpacked")]);
  for (const place of ["out", "unpacked"]) {
    expect(readdirSync(folder.join(place)).sort()).toEqual([...contents.keys(), "written"].sort());
    for (const [name, content] of contents)
      expect(readFileSync(folder.join(place, name)).equals(content), `${place}/${name}`).toBe(true);
    expect(readFileSync(folder.join(place, "written"), "utf8")).toBe("text\n");
  }
});
