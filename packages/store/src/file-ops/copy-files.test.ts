import { describe, expect, it } from "vitest";
import { file, indexOf } from "../archive/archive.test.helper.ts";
import type { BytePath } from "../layer-index/byte-path.ts";
import { copy, plan, shortly, view, viewOf } from "./file-ops.test.helper.ts";

const EMPTY = view();
const CONTEXT = view(
  file("a.txt", "A"),
  file("b.txt", "B", { mode: 0o600, uid: 5, gid: 6 }),
  { kind: "dir", path: "src", mode: 0o700, uid: 7, gid: 8 },
  file("src/main.c", "main"),
  { kind: "dir", path: "src/sub", mode: 0o711 },
  file("src/sub/x.h", "x"),
  { kind: "symlink", path: "src/link", target: "main.c" },
  { kind: "symlink", path: "to-src", target: "src" },
  { kind: "symlink", path: "to-a", target: "/a.txt" },
  { kind: "symlink", path: "escape", target: "../../../a.txt" },
);

async function copied(src: string, dest: string, rest: Parameters<typeof copy>[2] = {}, base = EMPTY) {
  return shortly((await plan([base, CONTEXT], copy(src, dest, rest))).changes);
}

describe("copying", () => {
  it("puts a file at a name, and makes the folders above", async () => {
    expect(await copied("a.txt", "/opt/app/b")).toEqual({
      opt: "dir 755 0:0",
      "opt/app": "dir 755 0:0",
      "opt/app/b": "file 644 0:0 A",
    });
  });

  it.each(["/dir/", "/dir/."])("puts a file into a folder when the destination ends as %s", async (dest) => {
    expect(await copied("a.txt", dest)).toEqual({ dir: "dir 755 0:0", "dir/a.txt": "file 644 0:0 A" });
  });

  it("puts a file into a folder that is there, whose metadata stays", async () => {
    const base = view({ kind: "dir", path: "dir", mode: 0o1777, uid: 3, gid: 4 });
    const changes = await copied(
      "a.txt",
      "/dir",
      { owner: { user: { kind: "id", id: 9 } }, mode: 0o755 },
      base,
    );
    expect(changes).toEqual({ dir: "dir 1777 3:4", "dir/a.txt": "file 755 9:9 A" });
  });

  it("copies the content of a folder, not the folder", async () => {
    expect(await copied("src", "/x")).toEqual({
      x: "dir 755 0:0",
      "x/link": "symlink main.c",
      "x/main.c": "file 644 0:0 main",
      "x/sub": "dir 711 0:0",
      "x/sub/x.h": "file 644 0:0 x",
    });
  });

  it("copies the folder itself when its content is not asked for", async () => {
    expect(await copied("src", "/x", { dirCopyContents: false })).toMatchObject({
      x: "dir 700 7:8",
      "x/main.c": "file 644 0:0 main",
    });
    const base = view({ kind: "dir", path: "x" });
    expect(await copied("src", "/x", { dirCopyContents: false }, base)).toMatchObject({
      "x/src": "dir 700 7:8",
      "x/src/main.c": "file 644 0:0 main",
    });
  });

  it("copies everything to the root without touching the root", async () => {
    const changes = await copied("/", "/");
    expect(Object.keys(changes)).not.toContain("");
    expect(changes).toMatchObject({ "a.txt": "file 644 0:0 A", src: "dir 700 7:8", "to-src": "symlink src" });
  });

  it("overwrites the metadata of folders further down, as BuildKit does", async () => {
    const base = view(
      { kind: "dir", path: "x", mode: 0o777 },
      { kind: "dir", path: "x/sub", mode: 0o700, uid: 1 },
      file("x/keep", ""),
    );
    const changes = await copied("src", "/x", {}, base);
    expect(changes).toMatchObject({ x: "dir 777 0:0", "x/sub": "dir 711 0:0" });
    expect(changes).not.toHaveProperty("x/keep");
  });

  it("follows links in the source's path, within the root, and copies inner links as they are", async () => {
    expect(await copied("to-src/main.c", "/m")).toEqual({ m: "file 644 0:0 main" });
    expect(await copied("to-src", "/x")).toMatchObject({ "x/link": "symlink main.c" });
    expect(await copied("to-a", "/d/")).toMatchObject({ "d/to-a": "file 644 0:0 A" });
    expect(await copied("escape", "/e")).toEqual({ e: "file 644 0:0 A" });
    expect(await copied("to-a", "/l", { followSymlink: false })).toEqual({ l: "symlink /a.txt" });
  });

  it("follows links in the destination, within the root", async () => {
    const base = view(
      { kind: "dir", path: "real" },
      { kind: "symlink", path: "link", target: "/real" },
      { kind: "symlink", path: "file-link", target: "../../real/target" },
    );
    expect(await copied("a.txt", "/link/", {}, base)).toEqual({
      real: "dir 755 0:0",
      "real/a.txt": "file 644 0:0 A",
    });
    expect(await copied("a.txt", "/link/deep/x", {}, base)).toMatchObject({
      "real/deep/x": "file 644 0:0 A",
    });
    expect(await copied("a.txt", "/file-link", {}, base)).toMatchObject({ "real/target": "file 644 0:0 A" });
  });

  it.each<[string, string[]]>([
    ["*.txt", ["d/a.txt", "d/b.txt"]],
    ["[b-z].txt", ["d/b.txt"]],
    ["s*/m?in.c", ["d/main.c"]],
    ["to-*/main.c", []],
    ["nothing*", []],
    ["src/*/x.h", ["d/x.h"]],
  ])("expands %s", async (pattern, expected) => {
    const changes = await copied(pattern, "/d/");
    expect(Object.keys(changes).filter((at) => at !== "d")).toEqual(expected);
  });

  it("fails when nothing matches only if that was asked for", async () => {
    await expect(copied("no*", "/d/", { allowEmptyWildcard: false })).rejects.toMatchObject({
      code: "FILE_NOT_FOUND",
    });
    await expect(copied("*", "/d/", { allowWildcard: false })).rejects.toMatchObject({
      code: "FILE_NOT_FOUND",
    });
  });

  it("says that an address was taken for a path", async () => {
    await expect(copied("ftp://example.com/a", "/x")).rejects.toMatchObject({
      code: "FILE_NOT_FOUND",
      hint: expect.stringContaining("taken for a path") as unknown,
    });
  });

  it.each<[string, string]>([
    ["A.TXT", 'Did you mean "/a.txt"?'],
    ["src/mian.c", 'Did you mean "/src/main.c"?'],
    ["Src/sub/x.h", 'Did you mean "/src/sub/x.h"?'],
  ])("says what was probably meant by %s", async (src, hint) => {
    await expect(copied(src, "/x")).rejects.toMatchObject({
      code: "FILE_NOT_FOUND",
      message: `"/${src}" not found`,
      hint,
      data: { path: `/${src}` },
    });
  });

  it("changes owner and mode of everything copied", async () => {
    const changes = await copied("src", "/x", { owner: { user: { kind: "id", id: 1000 } }, mode: 0o640 });
    expect(changes).toMatchObject({
      x: "dir 640 1000:1000",
      "x/main.c": "file 640 1000:1000 main",
      "x/sub": "dir 640 1000:1000",
    });
    expect(await copied("src", "/x", { modeStr: "g+w,o=,a+X" })).toMatchObject({
      "x/main.c": "file 660 0:0 main",
      "x/sub": "dir 731 0:0",
    });
  });

  it("sets times when asked, else keeps the source's", async () => {
    const kept = await plan([EMPTY, CONTEXT], copy("a.txt", "/x/y"), { defaultMtimeNs: 77n });
    expect(kept.changes!.entries).toMatchObject([{ mtimeNs: 77n }, { mtimeNs: 1_700_000_000_000_000_000n }]);
    const set = await plan([EMPTY, CONTEXT], copy("a.txt", "/x/y", { timestampNs: 5n }));
    expect(set.changes!.entries).toMatchObject([{ mtimeNs: 5n }, { mtimeNs: 5n }]);
  });

  it("replaces files and links, but no folder by a file and no file by a folder", async () => {
    const base = view(
      file("f", "old"),
      { kind: "symlink", path: "d/main.c", target: "/f" },
      { kind: "dir", path: "d" },
      { kind: "dir", path: "e" },
      { kind: "dir", path: "e/main.c" },
      { kind: "dir", path: "g" },
      file("g/sub", ""),
    );
    expect(await copied("a.txt", "/f", {}, base)).toEqual({ f: "file 644 0:0 A" });
    expect(await copied("src", "/d", {}, base)).toMatchObject({ "d/main.c": "file 644 0:0 main" });
    await expect(copied("src", "/e", {}, base)).rejects.toMatchObject({ code: "COPY_ONTO_DIRECTORY" });
    await expect(copied("src", "/g", {}, base)).rejects.toMatchObject({ code: "COPY_ONTO_FILE" });
    await expect(copied("src", "/f", {}, base)).rejects.toMatchObject({ code: "COPY_ONTO_FILE" });
    const replace = { alwaysReplaceExistingDestPaths: true };
    expect(await copied("src", "/e", replace, base)).toMatchObject({ "e/main.c": "file 644 0:0 main" });
    expect(await copied("src", "/g", replace, base)).toMatchObject({ "g/sub": "dir 711 0:0" });
  });

  it("refuses to make folders below a file", async () => {
    await expect(copied("a.txt", "/f/x", {}, view(file("f", "")))).rejects.toMatchObject({
      code: "NOT_A_DIRECTORY",
    });
  });

  it("needs the folder above when it may not make it", async () => {
    await expect(copied("a.txt", "/x/y", { createDestPath: false })).rejects.toMatchObject({
      code: "FILE_NOT_FOUND",
    });
    expect(await copied("a.txt", "/y", { createDestPath: false })).toEqual({ y: "file 644 0:0 A" });
  });

  it("leaves out what is excluded, but for what is taken back", async () => {
    expect(Object.keys(await copied("src", "/x", { excludePatterns: ["sub", "link"] }))).toEqual([
      "x",
      "x/main.c",
    ]);
    const changes = await copied("src", "/x", { excludePatterns: ["**", "!sub/x.h"] });
    expect(Object.keys(changes)).toEqual(["x", "x/sub", "x/sub/x.h"]);
  });

  it("takes only what is included, with the folders above it", async () => {
    const changes = await copied("/", "/x", { includePatterns: ["src/*/x.h"] });
    expect(changes).toEqual({
      x: "dir 755 0:0",
      "x/src": "dir 700 7:8",
      "x/src/sub": "dir 711 0:0",
      "x/src/sub/x.h": "file 644 0:0 x",
    });
  });

  it("insists on required paths", async () => {
    const parents = { includePatterns: ["src/nope"], requiredPaths: ["src/nope"] };
    await expect(copied("/", "/x", parents)).rejects.toMatchObject({
      code: "FILE_NOT_FOUND",
      message: '"/src/nope" not found',
    });
  });

  it("insists on required paths under their own names, links above the search apart", async () => {
    const through = { includePatterns: ["to-src/main.c"], requiredPaths: ["/to-src/main.c"] };
    await expect(copied("/", "/x", through)).rejects.toMatchObject({
      code: "FILE_NOT_FOUND",
      message: '"/to-src/main.c" is reached through a symbolic link alone',
      hint: "Folders that are kept must be named as they are: /src/main.c.",
    });
    const pivot = { includePatterns: ["sub/x.h"], requiredPaths: ["/to-src/sub/x.h"] };
    expect(Object.keys(await copied("to-src", "/x", pivot))).toEqual(["x", "x/sub", "x/sub/x.h"]);
    const missing = { includePatterns: ["sub/y.h"], requiredPaths: ["/to-src/sub/y.h"] };
    await expect(copied("to-src", "/x", missing)).rejects.toMatchObject({
      message: '"/to-src/sub/y.h" not found',
    });
  });

  it("excludes nothing by patterns that begin with a slash, as BuildKit", async () => {
    expect(Object.keys(await copied("src", "/x", { excludePatterns: ["/main.c", "sub"] }))).toEqual([
      "x",
      "x/link",
      "x/main.c",
    ]);
  });

  it("keeps hard links, devices and pipes", async () => {
    const source = view(
      { kind: "dir", path: "d" },
      file("d/one", "1"),
      { kind: "hardlink", path: "d/two", target: "d/one" as BytePath },
      { kind: "char", path: "d/null", major: 1, minor: 3, mode: 0o666 },
      { kind: "fifo", path: "d/pipe" },
    );
    const { changes } = await plan([EMPTY, source], copy("d", "/"));
    expect(shortly(changes)).toEqual({
      null: "char 666",
      one: "file 644 0:0 1",
      pipe: "fifo 644",
      two: "hardlink one",
    });
    // A further name that is copied alone becomes a file.
    expect(shortly((await plan([EMPTY, source], copy("d/two", "/"))).changes)).toEqual({
      two: "file 644 0:0 1",
    });
  });

  it("copies a hard link whose first name a higher layer has replaced", async () => {
    const source = viewOf(
      indexOf(file("a", "old"), { kind: "hardlink", path: "b", target: "a" as BytePath }),
      indexOf(file("a", "new")),
    );
    expect(shortly((await plan([EMPTY, source], copy("/", "/"))).changes)).toEqual({
      a: "file 644 0:0 new",
      b: "file 644 0:0 old",
    });
  });

  it("refers to the layer that has the content, and carries digests over", async () => {
    const digest = `sha256:${"1".repeat(64)}`;
    const source = view({ ...file("f", "xyz"), content: { kind: "tree" }, digest } as never);
    const layer = source.ref.layers[0];
    const { changes } = await plan([EMPTY, source], copy("f", "/g"));
    expect(changes!.entries[0]).toMatchObject({
      path: "g",
      digest,
      content: { kind: "layer", layer, path: "f" },
    });
  });

  it("unpacks into a folder with the usual mode, whatever mode is asked for", async () => {
    const unpack = () => Promise.resolve(view(file("f", "F")));
    const action = copy("a.txt", "/new/dir", { attemptUnpack: true, mode: 0o700 });
    expect(shortly((await plan([EMPTY, CONTEXT], action, { unpack })).changes)).toEqual({
      new: "dir 755 0:0",
      "new/dir": "dir 755 0:0",
      "new/dir/f": "file 644 0:0 F",
    });
  });

  it("lays unpacked archives over the destination", async () => {
    const archive = view(
      { kind: "dir", path: "bin", mode: 0o750 },
      file("bin/tool", "T"),
      { kind: "dir", path: "lib", implied: true },
      file("lib/so", "S"),
      file("f", "F"),
    );
    const base = view(
      { kind: "dir", path: "usr/lib" },
      { kind: "dir", path: "usr" },
      { kind: "symlink", path: "lib", target: "usr/lib" },
      { kind: "dir", path: "f" },
      { kind: "dir", path: "bin", mode: 0o700 },
    );
    const asked: string[] = [];
    const unpack = (found: { entry: { path: string } }) => (
      asked.push(found.entry.path),
      Promise.resolve(archive)
    );
    const { changes } = await plan([base, CONTEXT], copy("a.txt", "/", { attemptUnpack: true }), { unpack });
    expect(asked).toEqual(["a.txt"]);
    expect(shortly(changes)).toEqual({
      bin: "dir 750 0:0",
      "bin/tool": "file 644 0:0 T",
      f: "file 644 0:0 F",
      usr: "dir 755 0:0",
      "usr/lib": "dir 755 0:0",
      "usr/lib/so": "file 644 0:0 S",
    });
    const none = await plan([EMPTY, CONTEXT], copy("a.txt", "/", { attemptUnpack: true }), {
      unpack: () => Promise.resolve(null),
    });
    expect(shortly(none.changes)).toEqual({ "a.txt": "file 644 0:0 A" });
  });
});
