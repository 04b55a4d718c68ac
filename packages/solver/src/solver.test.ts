import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type BuildOp, createVertex, type Edge, type ExecOp, type SourceOp, type Vertex } from "@slipway/ir";
import { sha256, type Digest } from "@slipway/oci";
import type { LayerId, ProgressEvent, Ref, SolverHost, VertexResult } from "@slipway/engine-sdk";
import { createSolver } from "./index.ts";

function source(identifier: string): Edge {
  const op: SourceOp = { kind: "source", identifier, attrs: {} };
  return { vertex: createVertex({ op }), index: 0 };
}

function step(
  name: string,
  inputs: readonly Edge[],
  extra: { ignoreCache?: boolean; proxy?: string } = {},
): Edge {
  const op: ExecOp = {
    kind: "exec",
    meta: {
      args: [name],
      env: [],
      cwd: "/",
      user: "",
      extraHosts: [],
      hostname: "",
      ulimit: [],
      cgroupParent: "",
      removeMountStubsRecursive: false,
      validExitCodes: [],
      ...(extra.proxy
        ? { proxyEnv: { httpProxy: extra.proxy, httpsProxy: "", ftpProxy: "", noProxy: "", allProxy: "" } }
        : {}),
    },
    mounts: inputs.map((_, index) => ({
      kind: "bind" as const,
      dest: index === 0 ? "/" : `/in${index}`,
      input: index,
      selector: "",
      output: index === 0 ? 0 : -1,
      readonly: index !== 0,
      contentCache: "default" as const,
    })),
    network: "unset",
    security: "sandbox",
    secretEnv: [],
    cdiDevices: [],
  };
  return {
    vertex: createVertex({ op, inputs, metadata: { ignoreCache: extra.ignoreCache ?? false } }),
    index: 0,
  };
}

const nameOf = (vertex: Vertex): string =>
  vertex.op.kind === "exec"
    ? (vertex.op.meta.args[0] ?? "")
    : vertex.op.kind === "source"
      ? vertex.op.identifier
      : vertex.op.kind;

interface World {
  readonly host: SolverHost;
  readonly ran: string[];
  readonly running: Set<string>;
  mostAtOnce: number;
  /** Content of local folders, by identifier. */
  readonly folders: Map<string, string>;
  readonly cache: Map<Digest, VertexResult>;
}

/** A host in memory: a layer's id is its content; a step's content follows from its name and what it sees. */
function world(
  behave: (name: string, signal: AbortSignal) => Promise<void> = () => Promise.resolve(),
): World {
  const cache = new Map<Digest, VertexResult>();
  const folders = new Map<string, string>();
  const ran: string[] = [];
  const running = new Set<string>();
  const self: World = { host: {} as SolverHost, ran, running, mostAtOnce: 0, folders, cache };
  const host: SolverHost = {
    sourceKey: (vertex) => Promise.resolve(nameOf(vertex).startsWith("local://") ? null : nameOf(vertex)),
    contentKey: (vertex, inputs) =>
      Promise.resolve(vertex.op.kind === "source" ? null : sha256(JSON.stringify([nameOf(vertex), inputs]))),
    async execute(vertex, inputs, { signal }) {
      const name = nameOf(vertex);
      ran.push(name);
      running.add(name);
      self.mostAtOnce = Math.max(self.mostAtOnce, running.size);
      try {
        await behave(name, signal);
      } finally {
        running.delete(name);
      }
      const made =
        vertex.op.kind === "source" ? (folders.get(name) ?? name) : sha256(JSON.stringify([name, inputs]));
      const base: Ref = inputs[0] ?? { layers: [] };
      return { outputs: [{ layers: [...base.layers, made as LayerId] }] };
    },
    lookup: (key) => Promise.resolve(cache.get(key) ?? null),
    record(_vertex, keys, result) {
      for (const key of keys) cache.set(key, result);
      return Promise.resolve();
    },
    loadDefinition: () => Promise.resolve(null),
  };
  return Object.assign(self, { host });
}

async function build(at: World, edge: Edge, options: { parallel?: number; signal?: AbortSignal } = {}) {
  const events: ProgressEvent[] = [];
  const solver = createSolver({
    host: at.host,
    maxParallelism: options.parallel ?? 4,
    progress: (event) => events.push(event),
  });
  const ref = await solver.solve(edge, options.signal ?? new AbortController().signal);
  return { ref, events };
}

const pause = (ms: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      reject(signal.reason as Error);
    });
  });

describe("solving", () => {
  test("runs each vertex once, however many need it", async () => {
    const at = world();
    const shared = step("shared", [source("image")]);
    await build(at, step("top", [step("left", [shared]), step("right", [shared])]));
    expect([...at.ran].sort()).toEqual(["image", "left", "right", "shared", "top"]);
  });

  test("never runs what the result does not need", async () => {
    const at = world();
    const used = step("used", [source("image")]);
    step("unused", [used]);
    await build(at, used);
    expect(at.ran).toEqual(["image", "used"]);
  });

  test("runs independent steps side by side, up to the limit", async () => {
    const at = world((_, signal) => pause(20, signal));
    const steps = Array.from({ length: 6 }, (_, index) => step(`s${index}`, [source("image")]));
    await build(at, step("top", steps), { parallel: 3 });
    expect(at.mostAtOnce).toBe(3);
  });

  test("an empty graph is the empty filesystem", async () => {
    const solver = createSolver({ host: world().host, maxParallelism: 1, progress: () => {} });
    expect(await solver.solve(null, new AbortController().signal)).toEqual({ layers: [] });
  });

  test("a chain of 20,000 steps neither overflows the stack nor takes quadratic time", async () => {
    const at = world();
    let edge = source("image");
    for (let index = 0; index < 20_000; index++) edge = step(`s${index}`, [edge]);
    // Layers of such a chain would be quadratic by themselves: every step but the first changes nothing.
    const host: SolverHost = {
      ...at.host,
      execute: () => Promise.resolve({ outputs: [{ layers: [] }] }),
      contentKey: () => Promise.resolve(null),
    };
    const solver = createSolver({ host, maxParallelism: 4, progress: () => {} });
    expect(await solver.solve(edge, new AbortController().signal)).toEqual({ layers: [] });
  });
});

describe("a build op", () => {
  test("is solved as the definition that its input holds, with the same memory", async () => {
    const at = world();
    const shared = step("shared", [source("image")]);
    const nested = step("nested", [shared]);
    const op: BuildOp = { kind: "build", builder: -1, inputs: { "buildkit.llb.definition": 0 }, attrs: {} };
    const built: Edge = { vertex: createVertex({ op, inputs: [step("compiler", [shared])] }), index: 0 };
    const loaded: Ref[] = [];
    const host: SolverHost = {
      ...at.host,
      loadDefinition(_vertex, input) {
        loaded.push(input);
        return Promise.resolve(nested);
      },
    };
    const solver = createSolver({ host, maxParallelism: 4, progress: () => {} });
    const ref = await solver.solve(step("top", [built]), new AbortController().signal);
    expect(at.ran).toEqual(["image", "shared", "compiler", "nested", "top"]);
    expect(loaded).toHaveLength(1);
    expect(ref.layers.slice(0, 3)).toEqual((await build(world(), nested)).ref.layers);
  });

  test("that holds an empty definition is the empty filesystem", async () => {
    const at = world();
    const op: BuildOp = { kind: "build", builder: -1, inputs: { "buildkit.llb.definition": 0 }, attrs: {} };
    const built: Edge = { vertex: createVertex({ op, inputs: [source("image")] }), index: 0 };
    expect((await build(at, built)).ref).toEqual({ layers: [] });
  });
});

describe("cache", () => {
  test("a second build of the same definition runs nothing and shows every step as cached", async () => {
    const at = world();
    const edge = step("b", [step("a", [source("image")])]);
    const first = await build(at, edge);
    at.ran.length = 0;
    const second = await build(at, edge);
    expect(at.ran).toEqual([]);
    expect(second.ref).toEqual(first.ref);
    const cached = second.events.filter((event) => event.kind === "vertex" && event.cached);
    expect(cached.map((event) => (event.kind === "vertex" ? event.name : ""))).toEqual(["image", "a", "b"]);
  });

  test("what lies above a local folder is found by content, and runs again only when that changed", async () => {
    const at = world();
    const graph = () => step("later", [step("copy", [source("image"), source("local://context")])]);
    at.folders.set("local://context", "one");
    const first = await build(at, graph());
    at.ran.length = 0;
    expect((await build(at, graph())).ref).toEqual(first.ref);
    expect(at.ran).toEqual(["local://context"]);

    at.folders.set("local://context", "two");
    at.ran.length = 0;
    const changed = await build(at, graph());
    expect(changed.ref).not.toEqual(first.ref);
    expect(at.ran).toContain("copy");
    expect(at.ran).toContain("later");
  });

  test("a step that ignores the cache runs each time", async () => {
    const at = world();
    const edge = step("top", [step("fresh", [source("image")], { ignoreCache: true })]);
    await build(at, edge);
    at.ran.length = 0;
    await build(at, edge);
    expect(at.ran).toContain("fresh");
  });

  test("what a step that ignored the cache made is what later builds find, and steps above it follow", async () => {
    let version = "one";
    const at = world();
    const execute = at.host.execute.bind(at.host);
    at.host.execute = async (vertex, inputs, context) => {
      const result = await execute(vertex, inputs, context);
      if (nameOf(vertex) !== "date") return result;
      return { outputs: result.outputs.map((ref) => ref && { layers: [...ref.layers, version as LayerId] }) };
    };
    const graph = (ignoreCache: boolean) => step("top", [step("date", [source("image")], { ignoreCache })]);
    const first = await build(at, graph(false));
    version = "two";
    const fresh = await build(at, graph(true));
    expect(fresh.ref).not.toEqual(first.ref);
    at.ran.length = 0;
    expect((await build(at, graph(false))).ref).toEqual(fresh.ref);
    expect(at.ran).toEqual([]);
  });

  test("proxies are in no key", async () => {
    const at = world();
    await build(at, step("fetch", [source("image")], { proxy: "http://one" }));
    at.ran.length = 0;
    await build(at, step("fetch", [source("image")], { proxy: "http://two" }));
    expect(at.ran).toEqual([]);
  });

  test("the order in which independent steps are written changes no result", async () => {
    await fc.assert(
      fc.asyncProperty(fc.shuffledSubarray(["a", "b", "c", "d"], { minLength: 4 }), async (order) => {
        const made = new Map(order.map((name) => [name, step(name, [source("image")])] as const));
        const inputs = ["a", "b", "c", "d"].map((name) => made.get(name) as Edge);
        const [one, two] = [
          await build(world(), step("top", inputs)),
          await build(world(), step("top", inputs), { parallel: 1 }),
        ];
        expect(one.ref).toEqual(two.ref);
      }),
      { numRuns: 20 },
    );
  });
});

describe("failure and cancellation", () => {
  test("a failing step aborts what runs beside it and waits for its end", async () => {
    const at = world((name, signal) =>
      name === "bad" ? pause(5, signal).then(() => Promise.reject(new Error("boom"))) : pause(10_000, signal),
    );
    const top = step("top", [step("bad", []), step("slow", [])]);
    await expect(build(at, top)).rejects.toThrow("boom");
    expect(at.running.size).toBe(0);
    expect(at.ran).not.toContain("top");
  });

  test("a failed step is in no cache", async () => {
    let fail = true;
    const at = world((name) =>
      name === "flaky" && fail ? Promise.reject(new Error("once")) : Promise.resolve(),
    );
    const edge = step("flaky", [source("image")]);
    await expect(build(at, edge)).rejects.toThrow("once");
    fail = false;
    await build(at, edge);
    expect(at.ran.filter((name) => name === "flaky")).toHaveLength(2);
  });

  test("aborting rejects with the reason, after everything has ended", async () => {
    const at = world((_, signal) => pause(10_000, signal));
    const controller = new AbortController();
    const reason = new Error("interrupted");
    setTimeout(() => controller.abort(reason), 20);
    await expect(build(at, step("top", [step("slow", [])]), { signal: controller.signal })).rejects.toBe(
      reason,
    );
    expect(at.running.size).toBe(0);
  });

  test("the events of a failed step carry its error", async () => {
    const at = world(() => Promise.reject(new Error("boom")));
    const events: ProgressEvent[] = [];
    const solver = createSolver({
      host: at.host,
      maxParallelism: 1,
      progress: (event) => events.push(event),
    });
    await expect(solver.solve(step("bad", []), new AbortController().signal)).rejects.toThrow("boom");
    expect(events.at(-1)).toMatchObject({ kind: "vertex", name: "bad", error: "boom" });
  });
});
