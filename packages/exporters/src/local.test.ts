import { execFileSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { Readable } from "node:stream";
import type { FileEntry } from "@slipway/engine-sdk";
import { describe, expect, it } from "vitest";
import { AMD64, ARM64, contextFor, entry, prepare, temporaryFolder } from "./export-context.test.fixture.ts";

const isRoot = process.geteuid?.() === 0;
if (!isRoot && process.env.SLIPWAY_REQUIRE_ALL === "1") throw new Error("these tests need root");

async function write(
  cwd: string,
  files: readonly FileEntry[],
  attrs: Record<string, string> = {},
  signal?: AbortSignal,
) {
  const context = contextFor([{ files }], { cwd, signal });
  await (await prepare("local", { dest: "out", ...attrs })).write(context);
  return context;
}

const tree = () => [
  entry("", { kind: "dir", mode: 0o700 }),
  entry("bin", { kind: "dir", mode: 0o555 }),
  entry("bin/tool", { content: "#!/bin/sh\n", mode: 0o4755 }),
  entry("bin/twin", { kind: "hardlink", linkname: "bin/tool" }),
  entry("etc", { kind: "dir" }),
  entry("etc/caf\xe9", { content: "name that is not UTF-8" }),
  entry("etc/link", { kind: "symlink", linkname: "../bin/tool" }),
];

describe("type=local", () => {
  it("writes files with modes, times and links", async () => {
    const folder = temporaryFolder();
    await write(folder, tree());
    const out = `${folder}/out`;
    expect(statSync(`${out}/bin`).mode & 0o7777).toBe(0o555);
    expect(statSync(`${out}/bin/tool`).mode & 0o7777).toBe(0o4755);
    expect(statSync(`${out}/bin/tool`).ino).toBe(statSync(`${out}/bin/twin`).ino);
    expect(statSync(`${out}/bin`).mtimeMs).toBe(1_700_000_000_000);
    expect(lstatSync(`${out}/etc/link`).mtimeMs).toBe(1_700_000_000_000);
    expect(readlinkSync(`${out}/etc/link`)).toBe("../bin/tool");
    expect(
      readdirSync(`${out}/etc`, { encoding: "buffer" }).some((name) =>
        name.equals(Buffer.from("caf\xe9", "latin1")),
      ),
    ).toBe(true);
    expect(readdirSync(folder)).toEqual(["out"]);
    expect(statSync(out).mode & 0o700).toBe(0o700);
  });

  it.skipIf(!isRoot)("keeps owners and makes devices and pipes as root", async () => {
    const folder = temporaryFolder();
    await write(folder, [
      entry("owned", { uid: 1234, gid: 99, content: "x", mode: 0o6755 }),
      entry("null", { kind: "char", major: 1, minor: 3, mode: 0o666 }),
      entry("pipe", { kind: "fifo", mode: 0o600, uid: 5 }),
    ]);
    const owned = statSync(`${folder}/out/owned`);
    expect([owned.uid, owned.gid, owned.mode & 0o7777]).toEqual([1234, 99, 0o6755]);
    expect(statSync(`${folder}/out/null`).isCharacterDevice() && statSync(`${folder}/out/null`).rdev).toBe(
      0x103,
    );
    expect(statSync(`${folder}/out/pipe`).isFIFO()).toBe(true);
  });

  it.skipIf(!isRoot)("works without root, leaving owners and devices away with a warning", async () => {
    const folder = temporaryFolder();
    chmodSync(folder, 0o777);
    process.seteuid!(65534);
    try {
      const context = await write(folder, [
        ...tree(),
        entry("null", { kind: "char", major: 1, minor: 3 }),
        entry("owned", { uid: 1234 }),
      ]);
      expect(
        context.events
          .filter((event) => event.kind === "warning")
          .map((event) => event.kind === "warning" && event.code),
      ).toEqual(["EXPORT_NODES_SKIPPED"]);
      expect(statSync(`${folder}/out/owned`).uid).toBe(65534);
      expect(statSync(`${folder}/out/bin`).mode & 0o7777).toBe(0o555);
      await write(folder, [entry("bin", { kind: "dir", mode: 0o555 })]);
    } finally {
      process.seteuid!(0);
    }
  });

  it("adds to a folder that is there: other files stay, symlinks in it are replaced and not followed", async () => {
    const folder = temporaryFolder();
    mkdirSync(`${folder}/out/etc`, { recursive: true });
    mkdirSync(`${folder}/outside`);
    writeFileSync(`${folder}/outside/victim`, "untouched");
    writeFileSync(`${folder}/out/etc/kept`, "kept");
    writeFileSync(`${folder}/out/etc/link`, "old");
    symlinkSync("../outside", `${folder}/out/bin`);
    symlinkSync("../../outside/victim", `${folder}/out/etc/caf`);
    await write(folder, [...tree(), entry("etc/caf", { content: "new" })]);
    expect(readFileSync(`${folder}/out/etc/kept`, "utf8")).toBe("kept");
    expect(readFileSync(`${folder}/out/etc/caf`, "utf8")).toBe("new");
    expect(lstatSync(`${folder}/out/bin`).isDirectory()).toBe(true);
    expect(readdirSync(`${folder}/outside`)).toEqual(["victim"]);
    expect(readFileSync(`${folder}/outside/victim`, "utf8")).toBe("untouched");
    expect(readdirSync(`${folder}/out`).sort()).toEqual(["bin", "etc"]);
  });

  it("never replaces a folder by a file, and then changes nothing", async () => {
    const folder = temporaryFolder();
    mkdirSync(`${folder}/out/src/deep`, { recursive: true });
    await expect(
      write(folder, [entry("a", { content: "a" }), entry("src", { content: "file" })]),
    ).rejects.toMatchObject({
      code: "EXPORT_DEST_INVALID",
      message: expect.stringContaining("src") as string,
    });
    expect(readdirSync(`${folder}/out`)).toEqual(["src"]);
  });

  it.each([
    ["..", [entry("../evil", { content: "x" })]],
    [".. inside", [entry("a", { kind: "dir" }), entry("a/../../evil", { content: "x" })]],
    ["an absolute path", [entry("/evil", { content: "x" })]],
    [
      "a file through a symlink",
      [entry("a", { kind: "symlink", linkname: ".." }), entry("a/evil", { content: "x" })],
    ],
    [
      "a folder over a symlink",
      [entry("a", { kind: "symlink", linkname: ".." }), entry("a", { kind: "dir" }), entry("a/evil", {})],
    ],
    ["a file twice", [entry("a", { kind: "symlink", linkname: "../evil" }), entry("a", { content: "x" })]],
    ["a hard link to the outside", [entry("a", { kind: "hardlink", linkname: "../secret" })]],
    [
      "a hard link through a symlink",
      [
        entry("s", { kind: "symlink", linkname: ".." }),
        entry("a", { kind: "hardlink", linkname: "s/secret" }),
      ],
    ],
    ["a path with NUL", [entry("a\0b", {})]],
  ] as [string, FileEntry[]][])("refuses %s, and leaves nothing behind", async (_name, files) => {
    for (const type of ["local", "tar"]) {
      const folder = temporaryFolder();
      writeFileSync(`${folder}/secret`, "secret");
      const context = contextFor([{ files }], { cwd: folder });
      await expect((await prepare(type, { dest: "out" })).write(context)).rejects.toMatchObject({
        code: "INVARIANT",
      });
      expect(readdirSync(folder)).toEqual(["secret"]);
    }
  });

  it("leaves nothing behind when aborted, in a new folder, in an old one and in new folders", async () => {
    for (const [old, dest] of [
      [false, "out"],
      [true, "out"],
      [false, "a/b/out"],
    ] as const) {
      const folder = temporaryFolder();
      if (old) mkdirSync(`${folder}/out`);
      const controller = new AbortController();
      const slow = async function* () {
        yield Buffer.from("a");
        controller.abort(new Error("enough"));
        await new Promise((resolve) => setTimeout(resolve, 5));
        yield Buffer.from("b");
      };
      const files = [
        entry("one", { content: "1" }),
        entry("two", { sizeBytes: 2, open: () => Readable.from(slow()) }),
      ];
      await expect(write(folder, files, { dest }, controller.signal)).rejects.toThrow("enough");
      expect(readdirSync(old ? `${folder}/out` : folder)).toEqual([]);
    }
  });

  it("gives each platform a folder, or refuses to mix files of two", async () => {
    const folder = temporaryFolder();
    const results = [
      {
        platform: AMD64,
        files: [entry("a", { content: "amd64" }), entry("b", { kind: "hardlink", linkname: "a" })],
      },
      { platform: ARM64, files: [entry("a", { content: "arm64" })] },
    ];
    await (await prepare("local", { dest: "out" })).write(contextFor(results, { cwd: folder }));
    expect(readFileSync(`${folder}/out/linux_amd64/b`, "utf8")).toBe("amd64");
    expect(readFileSync(`${folder}/out/linux_arm64/a`, "utf8")).toBe("arm64");
    const mixed = (await prepare("local", { dest: "mixed", "platform-split": "false" })).write(
      contextFor(results, { cwd: folder }),
    );
    await expect(mixed).rejects.toMatchObject({ code: "EXPORT_COLLISION" });
    expect(existsSync(`${folder}/mixed`)).toBe(false);
    await write(folder, [entry("x", {})], { dest: "one", "platform-split": "true" });
    expect(readdirSync(`${folder}/one`)).toEqual(["linux_amd64"]);
  });

  it("says what is wrong with a destination", async () => {
    const folder = temporaryFolder();
    writeFileSync(`${folder}/file`, "");
    await expect(write(folder, [], { dest: "file" })).rejects.toMatchObject({ code: "EXPORT_DEST_INVALID" });
    await expect(write(folder, [], { dest: "file/x" })).rejects.toMatchObject({
      code: "EXPORT_DEST_INVALID",
    });
    await expect(prepare("local", {})).rejects.toMatchObject({ code: "EXPORTER_OPTION_INVALID" });
    await write(folder, [entry("a", {})], { dest: "new/deep/out" });
    expect(existsSync(`${folder}/new/deep/out/a`)).toBe(true);
  });

  it("clamps times to SOURCE_DATE_EPOCH", async () => {
    const folder = temporaryFolder();
    await write(folder, [entry("new", {}), entry("old", { mtimeNs: 5_000_000_000n })], {
      "source-date-epoch": "1000",
    });
    expect(statSync(`${folder}/out/new`).mtimeMs).toBe(1_000_000);
    expect(statSync(`${folder}/out/old`).mtimeMs).toBe(5000);
  });

  it.skipIf(!isRoot)("says that the disk is full, and cleans up", async () => {
    const folder = temporaryFolder();
    mkdirSync(`${folder}/small`);
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=64k", "none", `${folder}/small`]);
    try {
      for (const type of ["local", "tar"]) {
        const context = contextFor([{ files: [entry("big", { content: "x".repeat(200_000) })] }], {
          cwd: `${folder}/small`,
        });
        await expect((await prepare(type, { dest: "out" })).write(context)).rejects.toMatchObject({
          code: "DISK_FULL",
        });
        expect(readdirSync(`${folder}/small`)).toEqual([]);
      }
    } finally {
      execFileSync("umount", [`${folder}/small`]);
    }
  });
});
