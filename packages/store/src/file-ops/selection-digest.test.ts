import { describe, expect, it } from "vitest";
import { file, indexOf, SIGNAL } from "../archive/archive.test.helper.ts";
import type { MergedView } from "../contracts.ts";
import type { BytePath } from "../layer-index/byte-path.ts";
import { copy, view, viewOf } from "./file-ops.test.helper.ts";
import { selectCopySources, selectionDigest } from "./selection-digest.ts";

async function digestOf(source: MergedView, src = "/", rest: Parameters<typeof copy>[2] = {}) {
  const selection = selectCopySources({ action: copy(src, "/", rest), source });
  return selectionDigest(selection, (files) => source.digests(files, SIGNAL));
}

const ENTRIES = [
  { kind: "dir" as const, path: "d" },
  file("d/f", "content", { xattrs: new Map([["user.a", Buffer.from("1")]]) }),
  { kind: "symlink" as const, path: "d/l", target: "f" },
  { kind: "char" as const, path: "d/c", major: 1, minor: 3 },
];

describe("selectionDigest", () => {
  it("is the same for other times and other places", async () => {
    const one = await digestOf(view(...ENTRIES), "d");
    const moved = ENTRIES.map((entry) => ({
      ...entry,
      path: entry.path.replace(/^d/, "elsewhere"),
      mtimeNs: 5n,
    }));
    expect(await digestOf(view(...moved), "elsewhere")).toBe(one);
  });

  it.each<[string, object]>([
    ["content", { path: "d/f", content: { kind: "bytes", data: Buffer.from("CONTENT") } }],
    ["mode", { path: "d/f", mode: 0o600 }],
    ["owner", { path: "d/f", uid: 1 }],
    ["group", { path: "d/l", gid: 1 }],
    ["link target", { path: "d/l", target: "g" }],
    ["device number", { path: "d/c", minor: 4 }],
    ["an xattr", { path: "d/f", xattrs: new Map([["user.a", Buffer.from("2")]]) }],
    ["mode of the folder", { path: "d", mode: 0o700 }],
  ])("changes with the %s", async (_, change) => {
    const changed = ENTRIES.map((entry) =>
      entry.path === (change as { path: string }).path ? { ...entry, ...change } : entry,
    );
    expect(await digestOf(view(...(changed as never[])), "d")).not.toBe(
      await digestOf(view(...ENTRIES), "d"),
    );
  });

  it("counts the name of a file that is copied, and of a folder only when it is copied itself", async () => {
    const source = view(
      file("a", "x"),
      file("b", "x"),
      { kind: "dir", path: "p" },
      { kind: "dir", path: "q" },
    );
    expect(await digestOf(source, "a")).not.toBe(await digestOf(source, "b"));
    expect(await digestOf(source, "p")).toBe(await digestOf(source, "q"));
    const itself = { dirCopyContents: false };
    expect(await digestOf(source, "p", itself)).not.toBe(await digestOf(source, "q", itself));
  });

  it("does not see what the action cannot", async () => {
    const withMore = view(...ENTRIES, file("other", "1"), file("d/skipped", "2"));
    expect(await digestOf(withMore, "d", { excludePatterns: ["skipped"] })).toBe(
      await digestOf(view(...ENTRIES), "d", { excludePatterns: ["skipped"] }),
    );
  });

  it("tells hard links from equal files, and is the same from however many layers", async () => {
    const linked = indexOf(file("a", "x"), { kind: "hardlink", path: "b", target: "a" as BytePath });
    const equal = indexOf(file("a", "x"), file("b", "x"));
    expect(await digestOf(viewOf(linked))).not.toBe(await digestOf(viewOf(equal)));
    const layered = viewOf(
      indexOf(file("a", "old"), file("gone", "")),
      indexOf(file("a", "x"), { kind: "whiteout", path: "gone" }),
      indexOf(file("b", "x")),
    );
    expect(await digestOf(layered)).toBe(await digestOf(viewOf(equal)));
  });

  it("lists what a copy sees in order, with look-ups", () => {
    const selection = selectCopySources({
      action: copy("d*", "/x/", { dirCopyContents: false }),
      source: view(...ENTRIES),
    });
    expect(selection.map(({ relativePath }) => relativePath)).toEqual(["d", "d/c", "d/f", "d/l"]);
  });
});
