import {
  encode,
  printTree,
  validate,
  vertices,
  type Definition,
  type ExecOp,
  type FileOp,
  type SourceOp,
  type Vertex,
} from "@slipway/ir";
import { describe, expect, test } from "vitest";
import {
  amd64,
  compileAll,
  compileText,
  errorOf,
  failureOf,
  imageConfig,
  type CompileInput,
} from "../fake-bridge.test.support.ts";

/** The graph as the IR prints it, without digests. */
async function graphOf(text: string, input?: CompileInput): Promise<string> {
  const { definition } = await compileText(text, input);
  validate(definition);
  return `\n${printTree(definition)
    .replace(/@sha256:[0-9a-f]{64}/g, "@…")
    .replace(/, [0-9a-f]{12}/g, "")
    .trimEnd()}\n`;
}

function all(definition: Definition): readonly Vertex[] {
  return [...vertices(definition)];
}

async function execOf(text: string, input?: CompileInput): Promise<ExecOp> {
  const op = all((await compileText(text, input)).definition).findLast(
    (vertex) => vertex.op.kind === "exec",
  )?.op;
  if (op?.kind !== "exec") throw new Error("no exec");
  return op;
}

async function fileOf(text: string, input?: CompileInput): Promise<FileOp> {
  const op = (await compileText(text, input)).definition.result!.vertex.op;
  if (op.kind !== "file") throw new Error("no file op");
  return op;
}

async function localOf(
  text: string,
  name = "context",
  input?: CompileInput,
): Promise<SourceOp["attrs"] | undefined> {
  const ops = all((await compileText(text, input)).definition).map(({ op }) => op);
  return ops.flatMap((op) =>
    op.kind === "source" && op.identifier === `local://${name}` ? [op.attrs] : [],
  )[0];
}

describe("graphs", () => {
  test("a build of two stages", async () => {
    const text = `FROM node:24 AS build
COPY package.json ./
RUN npm ci
COPY . .
RUN npm run build
FROM build AS unused
RUN false
FROM alpine
WORKDIR /app
COPY --from=build /srv/dist .
CMD ["node", "x.js"]`;
    expect(await graphOf(text)).toMatchInlineSnapshot(`
      "
      #1 [stage-2 3/3] COPY --from=build /srv/dist . (file)
        base: #2 [stage-2 2/3] WORKDIR /app (file)
          base: #3 [stage-2 1/3] FROM docker.io/library/alpine:latest@… (source, linux/amd64)
        copy from: #4 [build 5/5] RUN npm run build (exec, linux/amd64)
          root: #5 [build 4/5] COPY . . (file)
            base: #6 [build 3/5] RUN npm ci (exec, linux/amd64)
              root: #7 [build 2/5] COPY package.json ./ (file)
                base: #8 [build 1/5] FROM docker.io/library/node:24@… (source, linux/amd64)
                copy from: #9 [internal] load build context (source)
            copy from: → #9 [internal] load build context
      "
    `);
  });

  test("a single stage has no name in front of its steps", async () => {
    expect(await graphOf('FROM scratch\nCOPY a b c/\nRUN ["/c/a"]')).toMatchInlineSnapshot(`
      "
      #1 [2/2] RUN ["/c/a"] (exec, linux/amd64)
        root: #2 [1/2] COPY a b c/ (file)
          copy from: #3 [internal] load build context (source)
      "
    `);
  });

  test("COPY --link is laid over what is below", async () => {
    expect(await graphOf("FROM alpine\nCOPY --link a /")).toMatchInlineSnapshot(`
      "
      #1 [2/2] LINK COPY --link a / (merge)
        layer 0: #2 [1/2] FROM docker.io/library/alpine:latest@… (source, linux/amd64)
        layer 1: #3 [2/2] COPY --link a / (file)
          copy from: #4 [internal] load build context (source)
      "
    `);
  });

  test("step numbers are padded, and multi-platform builds name the platform", async () => {
    const { outputs } = await compileAll(`FROM alpine\n${"RUN x\n".repeat(9)}`, {
      platforms: [amd64, { os: "linux", architecture: "arm64" }],
    });
    const names = outputs.map(
      ({ definition }) => definition.result!.vertex.metadata.description["llb.customname"],
    );
    expect(names).toEqual(["[linux/amd64 10/10] RUN x", "[linux/arm64 10/10] RUN x"]);
    const first = all(outputs[1]!.definition).find(({ op }) => op.kind === "source");
    expect(first!.metadata.description["llb.customname"]).toMatch(
      /^\[linux\/arm64 {2}1\/10\] FROM docker\.io\/library\/alpine:latest@/,
    );
    expect(first!.constraints.platform).toEqual({ os: "linux", architecture: "arm64" });
  });

  test("the same file gives the same bytes", async () => {
    const text = "FROM alpine AS a\nRUN x\nFROM alpine\nCOPY --from=a /x /\nCOPY . /y";
    const [first, second] = [await compileText(text), await compileText(text)];
    expect(encode(first.definition)).toEqual(encode(second.definition));
  });

  test("an empty file system has no vertex", async () => {
    expect((await compileText("FROM scratch\nENV A=1")).definition.result).toBeNull();
    const images = {
      "docker.io/library/e:latest": {
        ...imageConfig({}, []),
        rootfs: { type: "layers" as const, diff_ids: [] },
      },
    };
    expect((await compileText("FROM e", { images })).definition.result).toBeNull();
  });

  test("vertices know the lines that they come from", async () => {
    const { definition } = await compileText("FROM alpine\n\nRUN a \\\n  b\n  COPY c /");
    const lines = all(definition).map(({ op, digest }) => {
      const range = definition.locations.get(digest)?.[0]?.ranges[0];
      return [
        op.kind,
        range && `${range.start.line}:${range.start.character}-${range.end.line}:${range.end.character}`,
      ];
    });
    expect(Object.fromEntries(lines)).toEqual({ source: undefined, exec: "3:0-4:3", file: "5:2-5:10" });
    expect(definition.sources).toEqual([
      { filename: "Dockerfile", language: "Dockerfile", data: expect.any(Uint8Array) },
    ]);
  });
});

describe("RUN", () => {
  test("shell and exec form, with environment, folder and user", async () => {
    const text = 'FROM node:24\nARG A=1\nENV B=2\nSHELL ["/bin/bash", "-c"]\n';
    expect((await execOf(`${text}RUN echo $B  "x"`)).meta).toMatchObject({
      args: ["/bin/bash", "-c", 'echo $B  "x"'],
      env: ["PATH=/usr/local/bin:/usr/bin", "NODE_VERSION=24.1.0", "A=1", "B=2"],
      cwd: "/srv",
      user: "node",
    });
    expect((await execOf(`${text}USER 7\nWORKDIR x\nRUN ["a", "$B"]`)).meta).toMatchObject({
      args: ["a", "$B"],
      cwd: "/srv/x",
      user: "7",
    });
  });

  test("the root is writable, and its result is the step's", async () => {
    expect((await execOf("FROM alpine\nRUN x")).mounts).toEqual([
      {
        kind: "bind",
        dest: "/",
        input: 0,
        selector: "",
        output: 0,
        readonly: false,
        contentCache: "default",
      },
    ]);
    expect((await execOf('FROM scratch\nRUN ["x"]')).mounts[0]!.input).toBe(-1);
  });

  test.each([
    ["type=bind,target=/m", { kind: "bind", dest: "/m", input: 1, selector: "", readonly: true }],
    ["source=a/b,dst=m,rw", { kind: "bind", dest: "/m", input: 1, selector: "/a/b", readonly: false }],
    ["from=o,src=/x,destination=/m", { kind: "bind", dest: "/m", input: 1, selector: "/x", readonly: true }],
    [
      "type=cache,target=/m/",
      { kind: "cache", dest: "/m", input: -1, cacheId: "ns//m", sharing: "shared", readonly: false },
    ],
    [
      "type=cache,id=i$A,target=/m,sharing=locked,ro=true",
      { kind: "cache", cacheId: "ns/i1", sharing: "locked", readonly: true },
    ],
    [
      "type=cache,target=/m,from=o,source=s,sharing=private",
      { kind: "cache", input: 1, selector: "/s", sharing: "private" },
    ],
    ["type=cache,target=/m,uid=5,mode=0700", { kind: "cache", input: 1, selector: "/cache" }],
    ["type=tmpfs,target=/m", { kind: "tmpfs", dest: "/m", input: -1, sizeBytes: 0, readonly: false }],
    ["type=tmpfs,target=/m,size=1.5k", { kind: "tmpfs", sizeBytes: 1536 }],
  ])("--mount=%s", async (mount, expected) => {
    const options = { "build-arg:BUILDKIT_CACHE_MOUNT_NS": "ns" };
    const text = `FROM alpine:3.20 AS o\nRUN o\nFROM alpine\nARG A=1\nRUN --mount=${mount} x`;
    expect((await execOf(text, { options })).mounts[1]).toMatchObject({ output: -1, ...expected });
  });

  test("a cache with an owner begins with a folder of that owner and mode", async () => {
    const { definition } = await compileText(
      'FROM scratch\nRUN --mount=type=cache,target=/m,uid=5,gid=6,mode=0700 ["x"]',
    );
    expect(definition.result!.vertex.inputs[0]!.vertex.op).toMatchObject({
      actions: [
        {
          kind: "mkdir",
          path: "/cache",
          mode: 0o700,
          owner: { user: { kind: "id", id: 5 }, group: { kind: "id", id: 6 } },
        },
      ],
    });
  });

  test("mounts are in the order of their targets, and the same origin is one input", async () => {
    const { mounts } = await execOf(
      "FROM alpine\nRUN --mount=target=/z --mount=target=/b,source=x --mount=type=tmpfs,target=/c x",
    );
    expect(mounts.map(({ dest, input }) => [dest, input])).toEqual([["/", 0], ["/b", 1], ["/c", -1], ["/z", 1]]); // prettier-ignore
  });

  test("--network goes before the option, which is the default", async () => {
    const options = { "force-network-mode": "host" };
    expect((await execOf("FROM alpine\nRUN x")).network).toBe("unset");
    expect((await execOf("FROM alpine\nRUN x", { options })).network).toBe("host");
    expect((await execOf("FROM alpine\nRUN --network=none x", { options })).network).toBe("none");
    expect((await execOf("FROM alpine\nRUN --network=default x", { options })).network).toBe("host");
  });

  test("hosts, host name, limits and shared memory come from the options", async () => {
    const options = {
      "add-hosts": "a=1.2.3.4,b=::1",
      hostname: "h",
      ulimit: "nofile=1:2",
      "cgroup-parent": "/c",
      "shm-size": "65536",
    };
    const { meta, mounts } = await execOf("FROM alpine\nRUN x", { options });
    expect(meta).toMatchObject({
      extraHosts: [{ host: "a", ip: "1.2.3.4" }, { host: "b", ip: "::1" }],
      hostname: "h",
      ulimit: [{ name: "nofile", soft: 1, hard: 2 }],
      cgroupParent: "/c",
    }); // prettier-ignore
    expect(mounts[1]).toMatchObject({ kind: "tmpfs", dest: "/dev/shm", sizeBytes: 65536 });
  });

  test("no-cache marks the steps of all stages, or of those it names", async () => {
    const text = "FROM alpine AS a\nRUN a\nFROM alpine\nRUN b\nCOPY --from=a /x /";
    const ignored = async (noCache?: string) => {
      const { definition } = await compileText(text, {
        options: noCache === undefined ? {} : { "no-cache": noCache },
      });
      return all(definition).filter((vertex) => vertex.metadata.ignoreCache).map(({ op }) => op.kind).sort(); // prettier-ignore
    };
    expect(await ignored()).toEqual([]);
    expect(await ignored("")).toEqual(["exec", "exec", "file"]);
    expect(await ignored("A")).toEqual(["exec"]);
  });

  test("progress shows variables' values where they are set", async () => {
    const { definition } = await compileText("FROM alpine\nENV A=1\nrun echo \"$A\" $B '$A'");
    expect(definition.result!.vertex.metadata.description).toEqual({
      "llb.customname": "[2/2] RUN echo \"1\" $B '$A'",
      "com.docker.dockerfile.v1.command": "run echo \"$A\" $B '$A'",
    });
  });
});

describe("COPY and ADD", () => {
  const F = "FROM alpine\n";

  test("copies with Docker's rules", async () => {
    expect((await fileOf(`${F}COPY a /b`)).actions).toEqual([
      {
        kind: "copy", input: 0, secondaryInput: 1, output: 0, src: "/a", dest: "/b", mode: -1, modeStr: "", followSymlink: true,
        dirCopyContents: true, attemptUnpack: false, createDestPath: true, allowWildcard: true, allowEmptyWildcard: true,
        timestampNs: -1n, includePatterns: [], excludePatterns: [], alwaysReplaceExistingDestPaths: false, requiredPaths: [],
      },
    ]); // prettier-ignore
  });

  test.each([
    ["COPY a /b/", { src: "/a", dest: "/b/" }],
    ["COPY a b", { src: "/a", dest: "/w/b" }],
    ["COPY a .", { dest: "/w/" }],
    ["COPY a ./", { dest: "/w/" }],
    ["COPY a /", { dest: "/" }],
    ["COPY a ../x/", { dest: "/x/" }],
    ["COPY ../../a b", { src: "/a" }],
    ["COPY ./a/ b", { src: "/a" }],
    ["COPY . b", { src: "/" }],
    ["COPY a$X ${X}b", { src: "/a1", dest: "/w/1b" }],
    ['COPY ["a b", "c d/"]', { src: "/a b", dest: "/w/c d/" }],
    ["COPY --chmod=0755 a b", { mode: 0o755 }],
    ["COPY --chmod=${X}755 a b", { mode: 0o1755 }],
    ["COPY --chown=5 a b", { owner: { user: { kind: "id", id: 5 } } }],
    [
      "COPY --chown=me:0 a b",
      { owner: { user: { kind: "name", name: "me", input: 0 }, group: { kind: "id", id: 0 } } },
    ],
    [
      "COPY --chown=root:us a b",
      { owner: { user: { kind: "id", id: 0 }, group: { kind: "name", name: "us", input: 0 } } },
    ],
    ["ADD a.tar b", { src: "/a.tar", attemptUnpack: true }],
    ["ADD --chown=5:6 a b", { owner: { user: { kind: "id", id: 5 }, group: { kind: "id", id: 6 } } }],
  ])("%s", async (line, expected) => {
    expect((await fileOf(`${F}WORKDIR /w\nENV X=1\n${line}`)).actions[0]).toMatchObject(expected);
  });

  test("several sources are actions one after the other", async () => {
    const { actions } = await fileOf(`${F}COPY --chown=me a b c/`);
    expect(
      actions.map((action) => [action.input, action.output, action.kind === "copy" && action.src]),
    ).toEqual([
      [0, -1, "/a"],
      [2, 0, "/b"],
    ]);
    expect(actions[1]!.kind === "copy" && actions[1]!.owner).toEqual({
      user: { kind: "name", name: "me", input: 0 },
    });
  });

  test("SOURCE_DATE_EPOCH is the time of folders that are made, and not of what is copied, as with BuildKit", async () => {
    const options = { "build-arg:SOURCE_DATE_EPOCH": "7" };
    expect((await fileOf(`${F}COPY a b`, { options })).actions[0]).toMatchObject({ timestampNs: -1n });
    expect((await fileOf(`${F}WORKDIR b`, { options })).actions[0]).toMatchObject({
      timestampNs: 7_000_000_000n,
    });
  });

  test("WORKDIR makes the folder for the user that is set", async () => {
    expect((await fileOf("FROM node:24\nWORKDIR x")).actions).toEqual([
      {
        kind: "mkdir", input: 0, output: 0, path: "/srv/x", mode: 0o755, makeParents: true,
        owner: { user: { kind: "name", name: "node", input: 0 } }, timestampNs: -1n,
      },
    ]); // prettier-ignore
  });
});

describe("the build context", () => {
  const F = "FROM alpine\n";
  const followed = async (text: string) => JSON.parse((await localOf(text))?.["local.followpaths"] ?? "null");

  test("only what COPY, ADD and mounts name is sent", async () => {
    expect(await followed(`${F}COPY b/ a*.json /x\nADD c.tar /\nRUN --mount=source=d/e,target=/d x`)).toEqual(
      ["a*.json", "b", "c.tar", "d/e"],
    );
    expect(await followed(`${F}COPY a b\nCOPY . c`)).toBeNull();
    expect(await followed(`${F}COPY a b\nRUN --mount=target=/x y`)).toBeNull();
  });

  test("stages that nothing needs add nothing", async () => {
    expect(await followed("FROM alpine AS x\nCOPY . /\nFROM alpine\nCOPY a b")).toEqual(["a"]);
    expect(await localOf("FROM alpine AS x\nCOPY . /\nFROM alpine\nRUN x")).toBeUndefined();
  });

  test(".dockerignore becomes exclude patterns; that of the Dockerfile goes before it", async () => {
    const files = {
      context: {
        ".dockerignore": "\uFEFF# comment\n/node_modules\n\n  ./a/../b/  \n #c\n!keep/this\n! x\n**/*.log\n",
      },
    };
    const patterns = async (input: CompileInput) =>
      JSON.parse((await localOf(`${F}COPY . /`, "context", input))!["local.excludepatterns"] ?? "null");
    expect(await patterns({ files })).toEqual(["node_modules", "b", "#c", "!keep/this", "!x", "**/*.log"]);
    expect(await patterns({ files: { ...files, dockerfile: { "Dockerfile.dockerignore": "own" } } })).toEqual(
      ["own"],
    );
    expect(await patterns({})).toBeNull();
  });

  test("a lone ! is an error", async () => {
    expect(await failureOf(`${F}COPY . /`, { files: { context: { ".dockerignore": "a\n !\n" } } })).toBe(
      '2:1-2 IGNORE_FILE_INVALID "!" stands alone | Write the pattern to take back behind it, or remove the line.',
    );
  });

  test("a pattern that cannot be one is told with its line", async () => {
    const files = { context: { ".dockerignore": "ok\n**/[a\n!x\\\n" } };
    const error = await errorOf(`${F}COPY . /`, { files });
    expect(`${error.location!.file}:${error.location!.line} ${error.code} ${error.message}`).toBe(
      '.dockerignore:2 IGNORE_FILE_INVALID "**/[a" is not a pattern: it ends in a backslash or in an open bracket',
    );
    expect(error.data).toMatchObject({ others: [{ location: { line: 3 } }] });
  });

  test("a .dockerignore that leads out of the context is an error, never a reason to send everything", async () => {
    expect(await failureOf(`${F}COPY . /`, { links: { context: { ".dockerignore": "/etc/ignore" } } })).toBe(
      '- FILE_NOT_REGULAR .dockerignore is a symbolic link to "/etc/ignore", where no file is that the build may read | ' +
        "Links are followed within the folder only: copy the file there, or name its target with --file if it is the build file.",
    );
  });

  test("a file that uses no context reads no .dockerignore", async () => {
    const { bridge } = await compileText(`${F}RUN x`);
    expect(bridge.solved).toHaveLength(1);
  });
});

describe("the build file", () => {
  test("filename names it, in any folder", async () => {
    const { definition } = await compileText("", {
      options: { filename: "docker/app.Dockerfile" },
      files: { dockerfile: { "docker/app.Dockerfile": "FROM alpine" } },
    });
    expect(definition.sources[0]!.filename).toBe("docker/app.Dockerfile");
  });

  test("Containerfile is found when there is no Dockerfile", async () => {
    const files = { dockerfile: { Dockerfile: undefined as never, Containerfile: "FROM alpine\nUSER c" } };
    expect((await compileText("", { files })).config!.config!.User).toBe("c");
  });

  test("none at all is an error", async () => {
    expect(await failureOf("", { options: { filename: "x" } })).toBe(
      "- DOCKERFILE_NOT_FOUND there is no x | Write one, or name the file with --file.",
    );
  });
});
