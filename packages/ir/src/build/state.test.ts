import { InputError, type Platform } from "@slipway/oci";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  build,
  copy,
  decode,
  diff,
  encode,
  type ExecOp,
  type FileOp,
  fromDefinition,
  git,
  http,
  image,
  local,
  merge,
  mkdir,
  mkfile,
  type Op,
  rm,
  scratch,
  type SourceOp,
  type State,
  symlink,
  toDefinition,
  validate,
  type Vertex,
  vertices,
} from "../index.ts";

const amd64: Platform = { os: "linux", architecture: "amd64" };
const arm64: Platform = { os: "linux", architecture: "arm64" };

function top(state: State): Vertex {
  const definition = toDefinition(state, { platform: amd64 });
  validate(definition);
  const vertex = definition.result?.vertex;
  if (!vertex) throw new Error("an empty filesystem");
  return vertex;
}

function op<K extends Op["kind"]>(state: State, kind: K): Extract<Op, { kind: K }> {
  const { op: found } = top(state);
  expect(found.kind).toBe(kind);
  return found as Extract<Op, { kind: K }>;
}

const exec = (state: State): ExecOp => op(state, "exec");
const file = (state: State): FileOp => op(state, "file");
const source = (state: State): SourceOp => op(state, "source");

describe("sources", () => {
  test("an image's name is completed, and it is bound to a platform", () => {
    const vertex = top(image("alpine"));
    expect(vertex.digest).toBe("sha256:a7f9733e307dd352c82d43053b783dd17bb2ec2c36214908ce393e41545c8b51");
    expect(vertex.metadata.caps).toEqual(["source.image"]);
    expect(source(image("ghcr.io/a/b@sha256:" + "0".repeat(64))).identifier).toMatch(
      /^docker-image:\/\/ghcr.io\/a\/b@sha256:0/,
    );
  });

  test("an image's own platform goes before the default one and on to commands", () => {
    const state = image("alpine", { platform: arm64 });
    expect(top(state).constraints.platform).toEqual(arm64);
    expect(top(state.run("true")).constraints.platform).toEqual(arm64);
  });

  test("a folder's patterns are JSON lists, and it is bound to no platform", () => {
    const vertex = top(
      local("context", {
        excludePatterns: ["a", "!b"],
        sharedKeyHint: "h",
        uniqueId: "u",
        followPaths: ["x"],
      }),
    );
    expect(vertex.op).toEqual({
      kind: "source",
      identifier: "local://context",
      attrs: {
        "local.excludepatterns": '["a","!b"]',
        "local.sharedkeyhint": "h",
        "local.unique": "u",
        "local.followpaths": '["x"]',
      },
    });
    expect(vertex.constraints.platform).toBeUndefined();
    expect(vertex.metadata.caps).toContain("source.local.followpaths");
  });

  test.each([
    [
      "https://github.com/moby/buildkit.git",
      "git://github.com/moby/buildkit.git#v1:sub/dir",
      "https://github.com/moby/buildkit.git",
    ],
    [
      "git@github.com:moby/buildkit.git",
      "git://github.com/moby/buildkit.git#v1:sub/dir",
      "git@github.com:moby/buildkit.git",
    ],
    [
      "github.com/moby/buildkit",
      "git://github.com/moby/buildkit#v1:sub/dir",
      "https://github.com/moby/buildkit",
    ],
    ["ssh://git@host:22/x", "git://host:22/x#v1:sub/dir", "ssh://git@host:22/x"],
  ])("git %s has one identifier whatever the protocol", (url, identifier, full) => {
    const op = source(git(url, { ref: "v1", subdir: "/sub/dir/" }));
    expect(op.identifier).toBe(identifier);
    expect(op.attrs["git.fullurl"]).toBe(full);
  });

  test("http keeps its address and options", () => {
    expect(source(http("https://x/y", { filename: "f", mode: 0o755 }))).toEqual({
      kind: "source",
      identifier: "https://x/y",
      attrs: { "http.filename": "f", "http.perm": "0755" },
    });
  });
});

describe("run", () => {
  test("a line is for the shell, a list is as it is", () => {
    expect(exec(image("a").run("echo hi")).meta.args).toEqual(["/bin/sh", "-c", "echo hi"]);
    expect(exec(image("a").run(["/x", "y"])).meta.args).toEqual(["/x", "y"]);
  });

  test("settings of the state reach the command, and its options go before them", () => {
    const state = image("a").env("A", "1").env("B", "2").env("A", "3").dir("x").dir("y").user("me");
    const { meta } = exec(state.run("true"));
    expect(meta).toMatchObject({ env: ["B=2", "A=3"], cwd: "/x/y", user: "me" });
    const { meta: other } = exec(state.run("true", { env: { B: "4" }, dir: "../z", user: "you" }));
    expect(other).toMatchObject({ env: ["A=3", "B=4"], cwd: "/x/z", user: "you" });
  });

  test("mounts are sorted behind the root, which has output 0; only writable filesystems have one", () => {
    const state = image("a").run("true", {
      mounts: [
        { kind: "tmpfs", dest: "/t", sizeBytes: 5 },
        { kind: "secret", dest: "/s", id: "s" },
        { kind: "cache", dest: "/c", id: "c", sharing: "locked" },
        { kind: "ssh" },
        { dest: "/ro", from: local("l"), readonly: true, source: "/sub" },
        { dest: "/b", from: local("l") },
        { dest: "/n", noOutput: true },
      ],
    });
    const { mounts, meta } = exec(state);
    expect(mounts.map((mount) => [mount.dest, mount.kind, mount.input, mount.output])).toEqual([
      ["/", "bind", 0, 0],
      ["/b", "bind", 1, 1],
      ["/c", "cache", -1, -1],
      ["/n", "bind", -1, -1],
      ["/ro", "bind", 1, -1],
      ["/t", "tmpfs", -1, -1],
      ["/s", "secret", -1, -1],
      ["/run/buildkit/ssh_agent.0", "ssh", -1, -1],
    ]);
    expect(meta.env).toEqual(["SSH_AUTH_SOCK=/run/buildkit/ssh_agent.0"]);
    expect(top(state).inputs).toHaveLength(2);
    expect(top(state).metadata.caps).toEqual([
      "exec.meta.base",
      "exec.meta.setsdefaultpath",
      "exec.mount.bind",
      "exec.mount.cache",
      "exec.mount.cache.sharing",
      "exec.mount.secret",
      "exec.mount.selector",
      "exec.mount.ssh",
      "exec.mount.tmpfs",
      "exec.mount.tmpfs.size",
    ]);
  });

  test("what is left in a mount is an output of the command", () => {
    const run = image("a").run("make", {
      mounts: [{ dest: "/out" }, { dest: "/cache", kind: "cache", id: "x" }],
    });
    const definition = toDefinition(run.mount("/out"), { platform: amd64 });
    expect(definition.result?.index).toBe(1);
    expect(toDefinition(run.root, { platform: amd64 }).result?.index).toBe(0);
    expect(() => run.mount("/cache")).toThrow(InputError);
    expect(() => run.mount("/nowhere")).toThrow(InputError);
  });

  test("a read-only root stays what it was", () => {
    const base = image("a");
    const run = base.run("true", { readonlyRoot: true, mounts: [{ dest: "/out" }] });
    expect(run.root.output).toBe(base.output);
    expect(toDefinition(run.mount("/out")).result?.index).toBe(0);
    expect(exec(run.mount("/out").file(mkdir("/x")).run("y", { readonlyRoot: false })).meta.args[2]).toBe(
      "y",
    );
  });

  test("two mounts at one place are refused", () => {
    expect(() => image("a").run("x", { mounts: [{ dest: "/" }] })).toThrow(InputError);
    expect(() => image("a").run("x", { mounts: [{ dest: "/a" }, { dest: "/b/../a" }] })).toThrow(InputError);
    expect(() => image("a").run([])).toThrow(InputError);
  });
});

describe("file", () => {
  test("actions work on each other's results; the last is the output", () => {
    const state = image("a")
      .dir("/w")
      .file(
        copy(local("l"), "/s", "d/")
          .mkdir("m", { makeParents: true })
          .mkfile("/f", "text")
          .rm("x")
          .symlink("t", "n"),
      );
    const { actions } = file(state);
    expect(actions.map((action) => [action.kind, action.input, action.output])).toEqual([
      ["copy", 0, -1],
      ["mkdir", 2, -1],
      ["mkfile", 3, -1],
      ["rm", 4, -1],
      ["symlink", 5, 0],
    ]);
    expect(actions[0]).toMatchObject({
      secondaryInput: 1,
      src: "/s",
      dest: "/w/d/",
      mode: -1,
      timestampNs: -1n,
    });
    expect(actions[1]).toMatchObject({ path: "/w/m", mode: 0o755 });
    expect(actions[2]).toMatchObject({ data: new TextEncoder().encode("text"), mode: 0o644 });
    expect(actions[4]).toMatchObject({ oldPath: "t", newPath: "/w/n" });
  });

  test("on an empty filesystem the input is -1", () => {
    expect(file(scratch().file(mkfile("/a", ""))).actions[0]).toMatchObject({ input: -1, output: 0 });
    const { actions } = file(scratch().file(copy(scratch(), "/", "/")));
    expect(actions[0]).toMatchObject({ input: -1, secondaryInput: -1 });
  });

  test("owners are numbers or names that are looked up in the base", () => {
    const owners = (owner: string) => file(image("a").file(mkdir("/x", { owner }))).actions[0];
    expect(owners("1:2")).toMatchObject({
      owner: { user: { kind: "id", id: 1 }, group: { kind: "id", id: 2 } },
    });
    expect(owners("app:3")).toMatchObject({
      owner: { user: { kind: "name", name: "app", input: 0 }, group: { id: 3 } },
    });
    expect(owners("app")).not.toHaveProperty("owner.group");
  });

  test("a symbolic mode goes into its own field", () => {
    expect(file(scratch().file(copy(local("l"), "/a", "/b", { mode: "u+x" }))).actions[0]).toMatchObject({
      mode: -1,
      modeStr: "u+x",
    });
    expect(top(scratch().file(copy(local("l"), "/a", "/b", { mode: "u+x" }))).metadata.caps).toContain(
      "file.copy.modestring",
    );
  });
});

describe("merge, diff and build", () => {
  test("merge leaves out what is empty", () => {
    const a = local("a");
    expect(merge([]).output).toBeNull();
    expect(merge([scratch(), a]).output).toBe(a.output);
    expect(op(merge([a, scratch(), local("b")]), "merge").inputs).toEqual([0, 1]);
  });

  test("diff against nothing is the thing itself", () => {
    const a = local("a");
    expect(diff(scratch(), a).output).toBe(a.output);
    expect(diff(scratch(), scratch()).output).toBeNull();
    expect(op(diff(a, local("b")), "diff")).toEqual({ kind: "diff", lower: 0, upper: 1 });
    expect(op(diff(a, scratch()), "diff")).toEqual({ kind: "diff", lower: 0, upper: -1 });
  });

  test("build reads its definition from its input", () => {
    expect(op(build(local("a"), { definitionFilename: "f" }), "build")).toEqual({
      kind: "build",
      builder: -1,
      inputs: { "buildkit.llb.definition": 0 },
      attrs: { "llbbuild.filename": "f" },
    });
  });
});

describe("a state", () => {
  test("never changes", () => {
    const base = image("a");
    const before = toDefinition(base.run("x"), { platform: amd64 }).result?.vertex.digest;
    base.env("A", "1");
    base.dir("/x");
    base.ignoreCache();
    base.description({ a: "b" });
    expect(toDefinition(base.run("x"), { platform: amd64 }).result?.vertex.digest).toBe(before);
  });

  test("says names, lines and caching beside the digest", () => {
    const info = {
      filename: "Dockerfile",
      data: new TextEncoder().encode("FROM a\nRUN x\n"),
      language: "Dockerfile",
    };
    const copyOfInfo = { ...info, data: new Uint8Array(info.data) };
    const range = { start: { line: 2, character: 0 }, end: { line: 2, character: 0 } };
    const plain = image("a").run("x");
    const state = plain
      .description({ "llb.customname": "[2/2] RUN x" })
      .ignoreCache()
      .location(info, [range])
      .location(copyOfInfo, [range]);
    const definition = toDefinition(state, { platform: amd64 });
    const vertex = definition.result?.vertex;
    expect(vertex?.digest).toBe(top(plain).digest);
    expect(vertex?.metadata).toMatchObject({
      ignoreCache: true,
      description: { "llb.customname": "[2/2] RUN x" },
    });
    expect(definition.sources).toEqual([info]);
    expect(definition.locations.get(top(plain).digest)).toEqual([{ source: 0, ranges: [range] }]);
    expect(decode(encode(definition))).toEqual(definition);
  });

  test("can go on from a finished definition, with its lines", () => {
    const info = { filename: "f", data: new Uint8Array(), language: "" };
    const first = toDefinition(image("a").run("x").location(info, []), { platform: amd64 });
    const again = toDefinition(fromDefinition(first).run("y"), { platform: amd64 });
    const direct = toDefinition(image("a").run("x").root.run("y"), { platform: amd64 });
    expect(again.result?.vertex.digest).toBe(direct.result?.vertex.digest);
    expect(again.sources).toEqual([info]);
    expect(toDefinition(fromDefinition(first)).result).toEqual(first.result);
  });
});

describe("common parts", () => {
  test("are one vertex, though they were written twice", () => {
    const one = image("a").run("x");
    const two = image("a").run("x");
    const definition = toDefinition(merge([one.root.run("1"), two.root.run("2")]), { platform: amd64 });
    expect(vertices(definition)).toHaveLength(5);
    const [left, right] = definition.result?.vertex.inputs ?? [];
    expect(left?.vertex.inputs[0]?.vertex).toBe(right?.vertex.inputs[0]?.vertex);
  });

  test("are one input of a command that mounts them twice", () => {
    const once = local("l");
    const shared = image("a").run("x", {
      mounts: [
        { dest: "/1", from: once },
        { dest: "/2", from: once },
      ],
    });
    const apart = image("a").run("x", {
      mounts: [
        { dest: "/1", from: local("l") },
        { dest: "/2", from: local("l") },
      ],
    });
    expect(top(apart).inputs).toHaveLength(2);
    expect(top(apart).digest).toBe(top(shared).digest);
  });

  test("are one input of file actions, whose references to each other move along", () => {
    const once = local("l");
    const chain = (a: State, b: State) =>
      image("a").file(copy(a, "/1", "/1").copy(b, "/2", "/2").mkdir("/x", { owner: "u" }));
    expect(top(chain(local("l"), local("l"))).digest).toBe(top(chain(once, once)).digest);
    expect(file(chain(local("l"), local("l"))).actions.map((action) => action.input)).toEqual([0, 2, 3]);
  });

  test("get all that was said about them", () => {
    const definition = toDefinition(
      merge([
        image("a").description({ a: "1", c: "first" }).run("1"),
        image("a").ignoreCache().description({ b: "2", c: "second" }).run("2"),
      ]),
      { platform: amd64 },
    );
    const shared = vertices(definition)[0];
    expect(shared?.metadata).toMatchObject({
      ignoreCache: true,
      description: { a: "1", b: "2", c: "first" },
    });
  });
});

test("the order in which independent steps are written changes no digest", () => {
  const step = fc.constantFrom("image", "local", "run", "file", "merge", "diff");
  fc.assert(
    fc.property(
      fc.array(fc.tuple(step, fc.nat(), fc.nat()), { maxLength: 12 }),
      fc.infiniteStream(fc.nat()),
      (plan, random) => {
        /** Builds all steps of the plan; `pick` chooses which of those that are ready comes next. */
        const make = (pick: (ready: number[]) => number): State[] => {
          const made: State[] = [];
          const waiting = new Set(plan.keys());
          const inputs = (i: number) => (i === 0 ? [] : [(plan[i]?.[1] ?? 0) % i, (plan[i]?.[2] ?? 0) % i]);
          while (waiting.size > 0) {
            const ready = [...waiting].filter((i) => inputs(i).every((input) => made[input]));
            const i = pick(ready);
            waiting.delete(i);
            const [a = scratch(), b = scratch()] = inputs(i).map((input) => made[input] as State);
            const kind = plan[i]?.[0];
            made[i] =
              kind === "image"
                ? image(`i${i % 3}`)
                : kind === "local"
                  ? local(`l${i % 3}`)
                  : kind === "run"
                    ? a.run(`r${i % 3}`, { mounts: [{ dest: "/b", from: b }] })
                    : kind === "file"
                      ? a.file(copy(b, "/x", "/y").rm("/z"))
                      : kind === "merge"
                        ? merge([a, b])
                        : diff(a, b);
          }
          return made;
        };
        const inOrder = make((ready) => ready[0] as number);
        const shuffled = make((ready) => ready[(random.next().value as number) % ready.length] as number);
        for (const [i, state] of inOrder.entries()) {
          const one = encode(toDefinition(state, { platform: amd64 }));
          const two = encode(toDefinition(shuffled[i] as State, { platform: amd64 }));
          expect(Buffer.from(two)).toEqual(Buffer.from(one));
          validate(toDefinition(state, { platform: amd64 }));
        }
      },
    ),
  );
});

test("rm and symlink can begin a chain", () => {
  expect(file(image("a").file(rm("/a", { allowNotFound: true }))).actions[0]).toMatchObject({
    kind: "rm",
    allowNotFound: true,
  });
  expect(file(image("a").file(symlink("/a", "/b"))).actions[0]).toMatchObject({ kind: "symlink" });
});
