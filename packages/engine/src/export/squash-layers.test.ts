import fc from "fast-check";
import { createVertex, COMMIT_MARK, type Edge, type Mount, type VertexInit } from "@slipway/ir";
import type { LayerId, Ref } from "@slipway/engine-sdk";
import { openStore, type BytePath, type Entry, type Lookup, type Store } from "@slipway/store";
import { temporaryFolder } from "@slipway/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { commitLengths, hasCommitPoints } from "./commit-lengths.ts";
import { squashLayers } from "./squash-layers.ts";

const signal = AbortSignal.timeout(120_000);
const folder = temporaryFolder();
let store: Store;

beforeAll(async () => {
  store = await openStore({ root: folder.join("store") });
});
afterAll(async () => {
  await store.close();
});

type Tree =
  | { readonly kind: "file"; readonly text: string }
  | { readonly kind: "whiteout" }
  | { readonly kind: "dir"; readonly opaque: boolean; readonly children: Readonly<Record<string, Tree>> };

const METADATA = { mode: 0o755, uid: 0, gid: 0, mtimeNs: 0n };

function* entriesOf(children: Readonly<Record<string, Tree>>, above: string): Iterable<Entry> {
  for (const name of Object.keys(children).sort()) {
    const tree = children[name]!;
    const path = (above === "" ? name : `${above}/${name}`) as BytePath;
    if (tree.kind === "whiteout") yield { kind: "whiteout", path };
    else if (tree.kind === "file") {
      const data = Buffer.from(tree.text);
      yield { kind: "file", path, ...METADATA, sizeBytes: data.length, content: { kind: "bytes", data } };
    } else {
      yield { kind: "dir", path, ...METADATA, mode: 0o700, ...(tree.opaque ? { opaque: true } : {}) };
      yield* entriesOf(tree.children, path);
    }
  }
}

function addLayer(children: Readonly<Record<string, Tree>>): Promise<LayerId> {
  return store.layers.addIndex({ entries: [...entriesOf(children, "")] }, signal);
}

/** All that a file system holds, one line for each entry. */
async function contentOf(ref: Ref): Promise<readonly string[]> {
  const view = await store.roots.view(ref, signal);
  const lines: string[] = [];
  for (const found of view.walk("" as BytePath)) lines.push(await lineOf(found, view));
  return lines;
}

async function lineOf(
  { entry, linked }: Lookup,
  view: Awaited<ReturnType<Store["roots"]["view"]>>,
): Promise<string> {
  if ((linked ?? entry).kind !== "file") return `${entry.path} ${entry.kind}`;
  return `${entry.path} file ${(await view.readFile(entry.path)).toString()}`;
}

const tree = fc.letrec<{ tree: Tree; children: Readonly<Record<string, Tree>> }>((tie) => ({
  children: fc.dictionary(fc.constantFrom("a", "b", "c"), tie("tree"), { maxKeys: 3, noNullPrototype: true }),
  tree: fc.oneof(
    { maxDepth: 2, withCrossShrink: true },
    fc.record({ kind: fc.constant("file" as const), text: fc.constantFrom("1", "2") }),
    fc.constant({ kind: "whiteout" as const }),
    fc.record({ kind: fc.constant("dir" as const), opaque: fc.boolean(), children: tie("children") }),
  ),
}));

describe("squashLayers", () => {
  test("whatever the layers and the commit points, the file system stays as it is", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(tree.children, { minLength: 2, maxLength: 5 }),
        fc.infiniteStream(fc.boolean()),
        async (layers, cuts) => {
          const ref: Ref = { layers: await Promise.all(layers.map(addLayer)) };
          const lengths = [...layers.keys()].slice(1).filter(() => cuts.next().value);
          const squashed = await squashLayers(store, ref, { lengths: [...lengths, layers.length], signal });
          expect(squashed.layers).toHaveLength(lengths.length + 1);
          expect(await contentOf(squashed)).toEqual(await contentOf(ref));
        },
      ),
      { numRuns: 60 },
    );
  });

  test("what came and went between two commits is in no layer", async () => {
    const layers = await Promise.all([
      addLayer({ keep: { kind: "file", text: "1" }, old: { kind: "file", text: "1" } }),
      addLayer({ secret: { kind: "file", text: "s" }, old: { kind: "whiteout" } }),
      addLayer({ secret: { kind: "whiteout" }, new: { kind: "file", text: "2" } }),
    ]);
    const squashed = await squashLayers(store, { layers }, { lengths: [1, 3], signal });
    expect(squashed.layers[0]).toBe(layers[0]);
    const { entries } = await store.layers.index(squashed.layers[1]!, signal);
    expect(entries.map(({ kind, path }) => `${kind} ${path}`)).toEqual(["file new", "whiteout old"]);
  });

  test("names of one file stay that, unless its first name is gone", async () => {
    const text = Buffer.from("x");
    const file = { kind: "file", ...METADATA, sizeBytes: 1, content: { kind: "bytes", data: text } } as const;
    const link = { kind: "hardlink", target: "a" as BytePath } as const;
    const linked = await store.layers.addIndex(
      {
        entries: [
          { ...file, path: "a" as BytePath },
          { ...link, path: "b" as BytePath },
        ],
      },
      signal,
    );
    const kinds = async (...above: readonly LayerId[]): Promise<readonly string[]> => {
      const ref = { layers: [linked, ...above] };
      const squashed = await squashLayers(store, ref, { lengths: [ref.layers.length], signal });
      expect(await contentOf(squashed)).toEqual(await contentOf(ref));
      return (await store.layers.index(squashed.layers[0]!, signal)).entries.map(
        ({ kind, path }) => `${kind} ${path}`,
      );
    };
    expect(await kinds(await addLayer({ c: { kind: "file", text: "1" } }))).toEqual([
      "file a",
      "hardlink b",
      "file c",
    ]);
    expect(await kinds(await addLayer({ a: { kind: "whiteout" } }))).toEqual(["file b"]);
  });
});

describe("commitLengths", () => {
  const root = (input: number): Mount => ({
    kind: "bind", dest: "/", input, selector: "", output: 0, readonly: false, contentCache: "default",
  }); // prettier-ignore
  const meta = {
    args: ["x"], env: [], cwd: "/", user: "", extraHosts: [], hostname: "", ulimit: [], cgroupParent: "",
    removeMountStubsRecursive: true, validExitCodes: [],
  }; // prettier-ignore
  const edge = (init: VertexInit): Edge => ({ vertex: createVertex(init), index: 0 });
  const run = (below: Edge | null, isCommitted = false): Edge =>
    edge({
      op: {
        kind: "exec", meta, mounts: [root(below ? 0 : -1)], network: "unset", security: "sandbox", secretEnv: [], cdiDevices: [],
      },
      inputs: below ? [below] : [],
      metadata: { description: isCommitted ? { [COMMIT_MARK]: "true" } : {} },
    }); // prettier-ignore
  const image = edge({ op: { kind: "source", identifier: "docker-image://x", attrs: {} } });

  test("without a mark there are none", () => {
    expect(commitLengths(run(run(image)), 5)).toBeUndefined();
    expect(hasCommitPoints(null)).toBe(false);
  });

  test("a base image keeps its layers, and the end commits", () => {
    expect(commitLengths(run(run(image), true), 5)).toEqual([3, 5]);
    expect(commitLengths(run(run(run(image), true)), 5)).toEqual([2, 4, 5]);
    expect(commitLengths(run(run(null), true), 2)).toEqual([2]);
    expect(commitLengths(run(image, true), 1)).toEqual([1]);
  });

  test("what a merge lays on top counts; what it can't count is left alone", () => {
    const merged = (below: Edge, upper: Edge): Edge =>
      edge({
        op: { kind: "merge", inputs: [0, 1] },
        inputs: [below, upper],
        metadata: { description: { [COMMIT_MARK]: "true" } },
      });
    expect(commitLengths(run(merged(run(image), run(null)), true), 6)).toEqual([3, 5, 6]);
    expect(commitLengths(run(merged(run(image), image), true), 6)).toEqual([5, 6]);
  });
});
