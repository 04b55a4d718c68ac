import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { extendChain, type LayerId } from "@slipway/engine-sdk";
import { comparePaths, type Entry, type LayerIndex } from "../layer-index/entry.ts";
import { bytePath, entry, indexOf, signal } from "../testing/temporary-store.test.helper.ts";
import { linkLayer, nextAbout, type LayerLink } from "./layer-links.ts";
import { LayeredView, type LayerContents } from "./layered-view.ts";

const noContents: LayerContents = {
  contentOf: (_, { content }) => (content.kind === "bytes" ? content : undefined),
  ensureContent: () => Promise.resolve(),
  digests: () => Promise.reject(new Error("not here")),
};

function viewOf(...indexes: LayerIndex[]): LayeredView {
  return LayeredView.of(
    indexes.map((index, i) => ({ id: `layer-${i}` as LayerId, index })),
    noContents,
    signal,
  );
}

const names = fc.constantFrom("a", "b", "c", "a.b");
const path = fc.array(names, { minLength: 1, maxLength: 3 }).map((parts) => parts.join("/"));
const leaf = fc.constantFrom<"file" | "dir" | "opaque" | "whiteout">("file", "dir", "opaque", "whiteout");

/** A well-formed layer: every parent is a dir. */
const layer: fc.Arbitrary<LayerIndex> = fc
  .uniqueArray(fc.tuple(path, leaf), { selector: ([at]) => at, maxLength: 8 })
  .map((drafts) => {
    const entries = new Map<string, Entry>();
    for (const [at, kind] of drafts) {
      const parts = at.split("/");
      const parents = parts.slice(0, -1).map((_, i) => parts.slice(0, i + 1).join("/"));
      if (parents.some((parent) => entries.has(parent) && entries.get(parent)!.kind !== "dir")) continue;
      if (
        [...entries.keys()].some((other) => other.startsWith(`${at}/`)) &&
        (kind === "file" || kind === "whiteout")
      )
        continue;
      for (const parent of parents) if (!entries.has(parent)) entries.set(parent, entry.dir(parent));
      if (kind === "file") entries.set(at, entry.file(at, at));
      else if (kind === "whiteout") entries.set(at, entry.whiteout(at));
      else entries.set(at, entry.dir(at, kind === "opaque" ? { opaque: true } : {}));
    }
    return { entries: [...entries.values()].sort((a, b) => comparePaths(a.path, b.path)) };
  });

/** The same by applying layers one after another to one big map, as an unpacker would. */
function applied(layers: readonly LayerIndex[]): Map<string, string> {
  const files = new Map<string, string>([["", "dir -"]]);
  const removeBelow = (at: string) => {
    for (const other of files.keys()) if (other.startsWith(`${at}/`)) files.delete(other);
  };
  for (const [i, { entries }] of layers.entries()) {
    for (const one of entries) {
      if (
        one.kind === "whiteout" ||
        one.kind !== "dir" ||
        one.opaque === true ||
        !files.get(one.path)?.startsWith("dir")
      )
        removeBelow(one.path);
      if (one.kind === "whiteout") files.delete(one.path);
      else files.set(one.path, `${one.kind} layer-${i}`);
    }
  }
  return new Map([...files].sort(([a], [b]) => comparePaths(a, b)));
}

describe("a merged view", () => {
  test("shows what applying the layers one after another gives", () => {
    fc.assert(
      fc.property(fc.array(layer, { minLength: 1, maxLength: 5 }), (layers) => {
        const view = viewOf(...layers);
        const model = applied(layers);
        const walked = [...view.walk(bytePath(""))].map((one) => [
          one.entry.path,
          one.entry.path === "" ? "dir -" : `${one.entry.kind} ${one.layer}`,
        ]);
        expect(walked).toEqual([...model]);
        for (const [at, what] of model) {
          const found = view.lstat(bytePath(at))!;
          if (at !== "") expect(`${found.entry.kind} ${found.layer}`).toBe(what);
          const children = [...model.keys()].filter(
            (other) => other !== "" && other.slice(0, Math.max(0, other.lastIndexOf("/"))) === at,
          );
          expect(view.list(bytePath(at))?.map((one) => one.entry.path)).toEqual(
            what.startsWith("dir") ? children : undefined,
          );
        }
        for (const at of ["a", "a/b", "a/b/c", "c/c/c", "a.b"]) {
          if (!model.has(at)) expect(view.lstat(bytePath(at))).toBeUndefined();
        }
      }),
      { numRuns: 500 },
    );
  });

  test("of a long chain shows the same, though look-ups pass over most of its layers", () => {
    fc.assert(
      fc.property(fc.array(layer, { minLength: 8, maxLength: 8 }), fc.integer(), (layers, seed) => {
        // Some of those layers between many that have a file of their own each.
        const chain = Array.from({ length: 210 }, (_, i) =>
          (i * 31 + seed) % 23 === 0 ? layers[i % 8]! : indexOf(entry.dir("d"), entry.file(`d/${i}`, "x")),
        );
        const view = viewOf(...chain);
        const walked = [...view.walk(bytePath(""))].map((one) => [
          one.entry.path,
          one.entry.path === "" ? "dir -" : `${one.entry.kind} ${one.layer}`,
        ]);
        expect(walked).toEqual([...applied(chain)]);
      }),
      { numRuns: 60 },
    );
  });

  test("of a chain of 5,000 layers asks few of them for a path", () => {
    const links: LayerLink[] = [];
    let asked = 0;
    for (let i = 0; i < 5000; i++) {
      const below = links.at(-1);
      const chain = extendChain(below?.chain, `layer-${i}` as LayerId);
      links.push(linkLayer(chain, indexOf(entry.dir("d"), entry.file(`d/${i}`, "x")), below));
    }
    for (const path of ["d/17", "e", "d/x/y"]) {
      let link = nextAbout(links.at(-1), bytePath(path));
      for (; link !== undefined; link = nextAbout(link.below, bytePath(path))) asked++;
    }
    // What is left at the top of the chain, one run of 64, and no more.
    expect(asked).toBeLessThan(400);
    const view = new LayeredView(links.at(-1), noContents, signal);
    expect(view.lstat(bytePath("d/17"))?.layer).toBe("layer-17");
    expect(view.list(bytePath("d"))).toHaveLength(5000);
  });

  test("has a root with usual metadata when no layer sets it", () => {
    expect(viewOf().lstat(bytePath(""))?.entry).toMatchObject({ kind: "dir", mode: 0o755, uid: 0 });
    expect(viewOf().list(bytePath(""))).toEqual([]);
  });

  test("gives a hard link its layer's file, whatever a higher layer did to the other name", async () => {
    const view = viewOf(
      indexOf(entry.file("a", "old"), entry.hardlink("b", "a")),
      indexOf(entry.file("a", "new")),
    );
    expect(view.lstat(bytePath("b"))?.linked).toMatchObject({ kind: "file", path: "a", sizeBytes: 3 });
    expect(String(await view.readFile("b"))).toBe("old");
    expect(String(await view.readFile("a"))).toBe("new");
  });

  test("reads parts of files, and not more than it is told", async () => {
    const view = viewOf(indexOf(entry.file("f", "0123456789")));
    expect(String(await view.readFile("/f", { offset: 3, length: 4 }))).toBe("3456");
    expect(String(await view.readFile("/f", { offset: 8, length: 40 }))).toBe("89");
    await expect(view.readFile("/f", { maxBytes: 9 })).rejects.toMatchObject({ code: "FILE_TOO_LARGE" });
    await expect(view.readFile("/g")).rejects.toMatchObject({ code: "FILE_NOT_FOUND" });
    await expect(view.readFile("/")).rejects.toMatchObject({ code: "FILE_NOT_FOUND" });
  });
});

describe("the resolver", () => {
  const hostile = indexOf(
    entry.symlink("abs", "/etc/passwd"),
    entry.dir("dir"),
    entry.symlink("dir/up", "../../../../etc"),
    entry.dir("etc"),
    entry.file("etc/passwd", "inside"),
    entry.symlink("loop", "loop2"),
    entry.symlink("loop2", "/loop"),
    entry.symlink("self", "."),
  );

  test.each([
    ["/abs", "etc/passwd"],
    ["dir/up/passwd", "etc/passwd"],
    ["../../etc/passwd", "etc/passwd"],
    ["dir/../abs", "etc/passwd"],
    ["self/self/./self//dir/", "dir"],
    ["missing/../etc", "etc"],
    ["new/file", "new/file"],
    ["dir/up/../../new", "new"],
    ["/", ""],
  ])("%s is %s", (given, expected) => {
    expect(viewOf(hostile).resolve(given).path).toBe(expected);
  });

  test("does not follow the last component when told so, unless a slash says it is a folder", () => {
    const view = viewOf(hostile);
    expect(view.resolve("abs", { followLast: false })).toMatchObject({
      path: "abs",
      found: { entry: { kind: "symlink" } },
    });
    expect(view.resolve("dir/up/passwd", { followLast: false }).path).toBe("etc/passwd");
    expect(view.resolve("dir/up/", { followLast: false }).path).toBe("etc");
  });

  test("says what is wrong with loops and files on the way", () => {
    expect(() => viewOf(hostile).resolve("loop/x")).toThrow(
      expect.objectContaining({ code: "SYMLINK_LOOP" }),
    );
    expect(() => viewOf(hostile).resolve("etc/passwd/x")).toThrow(
      expect.objectContaining({ code: "NOT_A_DIRECTORY" }),
    );
    expect(() => viewOf(hostile).resolve("etc/passwd/..")).toThrow(
      expect.objectContaining({ code: "NOT_A_DIRECTORY" }),
    );
  });

  test("never leaves the root, whatever the links say", () => {
    const part = fc.constantFrom("..", ".", "a", "b", "c", "");
    const target = fc
      .tuple(fc.boolean(), fc.array(part, { maxLength: 6 }))
      .map(([absolute, parts]) => (absolute ? "/" : "") + parts.join("/"));
    const links = fc.record({ a: target, b: target, "c/a": target, "c/b": target });
    fc.assert(
      fc.property(links, target, fc.boolean(), (given, start, followLast) => {
        const view = viewOf(
          indexOf(
            entry.symlink("a", given.a || "."),
            entry.symlink("b", given.b || "."),
            entry.dir("c"),
            entry.symlink("c/a", given["c/a"] || "."),
            entry.symlink("c/b", given["c/b"] || "."),
          ),
        );
        try {
          const { path: at, found } = view.resolve(start, { followLast });
          expect(at.split("/")).not.toContain("..");
          expect(at.startsWith("/")).toBe(false);
          if (found !== undefined) expect(found.entry.path).toBe(at);
        } catch (error) {
          expect(["SYMLINK_LOOP", "NOT_A_DIRECTORY"]).toContain((error as { code?: string }).code);
        }
      }),
      { numRuns: 1000 },
    );
  });
});
