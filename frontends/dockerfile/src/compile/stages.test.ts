import { vertices, type Definition } from "@slipway/ir";
import { WorldError } from "@slipway/oci";
import { describe, expect, test } from "vitest";
import { dockerfile } from "../index.ts";
import {
  amd64,
  compileText,
  errorOf,
  FakeBridge,
  failureOf,
  imageConfig,
} from "../fake-bridge.test.support.ts";

const commands = (definition: Definition): readonly string[] =>
  [...vertices(definition)].flatMap(({ op }) => (op.kind === "exec" ? [op.meta.args.at(-1)!] : []));
const images = (definition: Definition): readonly string[] =>
  [...vertices(definition)].flatMap(({ op }) =>
    op.kind === "source" && op.identifier.startsWith("docker-image:")
      ? [op.identifier.replace(/@.*/, "@…")]
      : [],
  );
const identifiers = (definition: Definition): readonly string[] =>
  [...vertices(definition)].flatMap(({ op }) =>
    op.kind === "source" ? [op.identifier.replace(/@.*/, "@…")] : [],
  );

describe("targets", () => {
  const text = "FROM alpine AS One\nRUN 1\nFROM one AS two\nRUN 2\nFROM alpine:3.20\nRUN 3";

  test.each([
    ["", ["3"]],
    ["two", ["1", "2"]],
    ["TWO", ["1", "2"]],
    ["one", ["1"]],
  ])("%j builds only what it needs", async (target, expected) => {
    const { definition, bridge } = await compileText(text, { options: { target } });
    expect(commands(definition).toSorted()).toEqual(expected);
    expect(bridge.resolved).toHaveLength(1);
  });

  test("an unknown one is an error that suggests a name", async () => {
    expect(await failureOf(text, { options: { target: "tow" } })).toBe(
      '- STAGE_NOT_FOUND there is no stage "tow" in Dockerfile | Did you mean two?',
    );
    expect(await failureOf(text, { options: { target: "release" } })).toBe(
      '- STAGE_NOT_FOUND there is no stage "release" in Dockerfile | The stages are one, two.',
    );
  });
});

describe("FROM", () => {
  test.each([
    ["ARG V=3.20\nFROM alpine:$V", "docker-image://docker.io/library/alpine:3.20@…"],
    ["ARG V=3.20\nARG I=alpine:${V}\nFROM ${I}", "docker-image://docker.io/library/alpine:3.20@…"],
    ["FROM alpine:${V:-3.20}", "docker-image://docker.io/library/alpine:3.20@…"],
    ['FROM "alpine"', "docker-image://docker.io/library/alpine:latest@…"],
    ["FROM --platform=$BUILDPLATFORM alpine", "docker-image://docker.io/library/alpine:latest@…"],
    ["from docker.io/library/alpine as x", "docker-image://docker.io/library/alpine:latest@…"],
  ])("%j", async (text, expected) => {
    expect(images((await compileText(`${text}\nRUN x`)).definition)).toEqual([expected]);
  });

  test("--platform chooses the image, and steps run on it", async () => {
    const platforms = [{ os: "linux", architecture: "arm64" }];
    const { definition, bridge } = await compileText(
      "FROM --platform=$BUILDPLATFORM alpine AS a\nARG TARGETARCH\nRUN $TARGETARCH\nFROM alpine\nCOPY --from=a /x /",
      { platforms },
    );
    expect(bridge.resolved.toSorted()).toEqual([
      "docker.io/library/alpine:latest linux/amd64",
      "docker.io/library/alpine:latest linux/arm64",
    ]);
    const exec = [...vertices(definition)].find(({ op }) => op.kind === "exec")!;
    expect(exec.constraints.platform).toEqual(amd64);
    expect(exec.op.kind === "exec" && exec.op.meta.env).toContain("TARGETARCH=arm64");
  });

  test.each([
    [
      "FROM $X",
      "1:6-7 BASE_NAME_EMPTY the base image is empty: X is not set | Declare ARG X=default before the first FROM, or pass --build-arg X=value.",
    ],
    [
      "ARG IMAGE=a\nFROM $IMGAE",
      "2:6-11 BASE_NAME_EMPTY the base image is empty: IMGAE is not set | Did you mean IMAGE?",
    ],
    [
      "ARG X=\nFROM $X",
      '2:6-7 BASE_NAME_EMPTY the base image "$X" is empty | Give the variable a value with --build-arg, or a default before the first FROM.',
    ],
    [
      "FROM alpine:${V",
      '1:13-15 EXPANSION_FAILED "alpine:${V" cannot be expanded: there is no closing "}" | Close what is open, or put the escape character before a $ or a quote that means itself.',
    ],
    [
      "FROM a/B",
      '1:6-8 REFERENCE_INVALID "a/B" is not an image name: names are lower case | Write it as [host[:port]/]name[:tag][@sha256:…], all lower case but for the tag.',
    ],
    [
      "FROM --platform=$TARGETPLATFROM a",
      '1:17-31 PLATFORM_INVALID the platform "$TARGETPLATFROM" is empty | Did you mean TARGETPLATFORM?',
    ],
    [
      "FROM --platform=a/b/c/d a",
      '1:17-23 PLATFORM_INVALID "a/b/c/d" is not a platform | Write it as os/architecture or os/architecture/variant, for example linux/arm64 or linux/arm/v7.',
    ],
    [
      "FROM alpin AS a\nFROM b AS c\nFROM alpine AS b\nCOPY --from=c x y",
      '2:6 STAGE_NOT_FOUND there is no stage or image "b" (there is no image docker.io/library/b:latest) | The stage b comes later in the file: move it before this one.',
    ],
    [
      "FROM nowhere",
      "1:6-12 IMAGE_NOT_FOUND there is no image docker.io/library/nowhere:latest | Check the name, the tag and the registry.",
    ],
  ])("%j fails", async (text, expected) => {
    expect(await failureOf(text)).toBe(expected);
  });

  test("all images are resolved at once", async () => {
    let waiting = 0;
    let together = 0;
    class SlowBridge extends FakeBridge {
      override async resolveImageConfig(name: string, options: { platform: typeof amd64 }) {
        together = Math.max(together, ++waiting);
        await new Promise((resolve) => setTimeout(resolve, 5));
        waiting--;
        return super.resolveImageConfig(name, options);
      }
    }
    const text =
      "FROM a AS x\nFROM b AS y\nFROM c\nCOPY --from=x / /x\nCOPY --from=y / /y\nCOPY --from=d / /d";
    const configs = Object.fromEntries(
      ["a", "b", "c", "d"].map((name) => [`docker.io/library/${name}:latest`, imageConfig()]),
    );
    const bridge = new SlowBridge({ dockerfile: { Dockerfile: text }, context: {} }, configs);
    await dockerfile.build(
      { options: {}, buildPlatform: amd64, platforms: [amd64] },
      bridge,
      AbortSignal.timeout(5000),
    );
    expect(together).toBe(4);
  });
});

describe("COPY --from", () => {
  test("takes a stage by name in any case, by number, and an image", async () => {
    const text =
      "FROM alpine AS a\nRUN a\nFROM alpine:3.20\nRUN b\nFROM scratch\nCOPY --from=A x /\nCOPY --from=1 x /\nCOPY --from=alpine x /";
    const { definition } = await compileText(text);
    expect(commands(definition).toSorted()).toEqual(["a", "b"]);
    expect(images(definition).toSorted()).toEqual([
      "docker-image://docker.io/library/alpine:3.20@…",
      "docker-image://docker.io/library/alpine:latest@…",
    ]);
  });

  test("of two stages with the same name, the later one counts, for FROM the one before it", async () => {
    const { definition } = await compileText(
      "FROM alpine AS a\nRUN 1\nFROM a AS a\nRUN 2\nFROM alpine\nCOPY --from=a x /",
    );
    expect(commands(definition).toSorted()).toEqual(["1", "2"]);
  });

  test.each([
    [
      "FROM alpine AS build\nFROM alpine\nCOPY --from=biuld a b",
      '3:13-17 STAGE_NOT_FOUND there is no stage or image "biuld" (there is no image docker.io/library/biuld:latest) | Did you mean the stage build?',
    ],
    [
      "FROM alpine\nCOPY --from=3 a b",
      "2:13 STAGE_NOT_FOUND there is no stage number 3 | The file has 1 stages, counted from 0. Names are safer than numbers.",
    ],
    [
      "FROM alpine AS a\nCOPY --from=a x y",
      "2:13 STAGE_CIRCULAR stage a takes files from itself | Move what both need into a stage of its own.",
    ],
    [
      "FROM alpine\nCOPY --from=0 x y",
      "2:13 STAGE_CIRCULAR stage number 0 takes files from itself | Move what both need into a stage of its own.",
    ],
    [
      "FROM alpine AS a\nCOPY --from=b x y\nFROM alpine AS b\nCOPY --from=a x y\nFROM b",
      "4:13 STAGE_CIRCULAR stages depend on each other in a circle: a → b → a | Move what both need into a stage of its own.",
    ],
    [
      "FROM alpine AS a\nRUN --mount=from=b,target=/x y\nFROM a AS b",
      "3:1-11 STAGE_CIRCULAR stages depend on each other in a circle: a → b → a | Move what both need into a stage of its own.",
    ],
    [
      "FROM alpine AS a\nCOPY --from=b x y\nFROM alpine AS b\nFROM a",
      "2:13 STAGE_NOT_READY cannot copy from stage b: it comes after this one | Move it before this stage.",
    ],
    [
      "FROM alpine AS a\nRUN --mount=from=b,target=/x y\nFROM alpine AS b\nFROM a",
      "2:18 STAGE_NOT_READY stage b comes after this one | Move it before this stage.",
    ],
  ])("%j fails", async (text, expected) => {
    expect(await failureOf(text)).toBe(expected);
  });

  test.each(["scratch:latest", "docker.io/library/scratch", `scratch@sha256:${"0".repeat(64)}`])(
    "FROM %s is told to be no image",
    async (name) => {
      await expect(compileText(`FROM ${name}\n`)).rejects.toMatchObject({
        code: "REFERENCE_INVALID",
        hint: "Write scratch, without a registry, a tag or a digest.",
        location: { line: 1, column: 6 },
      });
    },
  );

  test("a registry that is down stays the world's fault, told at the image's name, unless a stage was meant", async () => {
    const down = new WorldError("REGISTRY_UNREACHABLE", "no route", { retryable: true });
    class DownBridge extends FakeBridge {
      override resolveImageConfig(): never {
        throw down;
      }
    }
    const build = (text: string) =>
      dockerfile.build(
        { options: {}, buildPlatform: amd64, platforms: [amd64] },
        new DownBridge({ dockerfile: { Dockerfile: text } }, {}),
        AbortSignal.timeout(5000),
      );
    const failure: unknown = await build("# syntax\nFROM  alpine").catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(WorldError);
    expect(failure).toMatchObject({
      code: "REGISTRY_UNREACHABLE",
      retryable: true,
      location: { file: "Dockerfile", line: 2, column: 7, excerpt: "FROM  alpine" },
      cause: down,
    });
    await expect(build("FROM scratch AS build\nFROM scratch\nCOPY --from=biuld a b")).rejects.toMatchObject({
      code: "STAGE_NOT_FOUND",
      cause: down,
    });
  });
});

describe("ONBUILD", () => {
  const base = (...OnBuild: string[]) => ({ "docker.io/library/b:latest": imageConfig({ OnBuild }) });

  test("triggers of the base image run right behind FROM, and are not inherited", async () => {
    const { definition, config } = await compileText("FROM b\nRUN mine", {
      images: base("COPY . /app", "RUN --network=none theirs"),
    });
    expect(commands(definition)).toEqual(expect.arrayContaining(["theirs", "mine"]));
    expect(definition.result!.vertex.metadata.description["llb.customname"]).toBe("[4/4] RUN mine");
    expect(definition.result!.vertex.inputs[0]!.vertex.metadata.description["llb.customname"]).toBe(
      "[3/4] ONBUILD RUN --network=none theirs",
    );
    expect(config!.config!.OnBuild).toBeUndefined();
  });

  test("triggers of a stage run in the stage based on it", async () => {
    const { definition, config } = await compileText(
      "FROM alpine AS a\nONBUILD RUN trigger\nRUN a\nFROM a\nRUN own",
    );
    expect(commands(definition)).toEqual(expect.arrayContaining(["a", "trigger", "own"]));
    expect(config!.config!.OnBuild).toBeUndefined();
  });

  test("a trigger may bring in a further image", async () => {
    const { definition } = await compileText("FROM b", { images: base("COPY --from=alpine:3.20 /x /") });
    expect(images(definition)).toContain("docker-image://docker.io/library/alpine:3.20@…");
  });

  test("a trigger that cannot run is told at FROM", async () => {
    const error = await errorOf("ARG A\nFROM b\n", { images: base("RUN --what x") });
    expect(`${error.location?.line}:${error.location?.column} ${error.code} ${error.message}`).toBe(
      '2:1 FLAG_UNKNOWN the trigger "RUN --what x" of the base image cannot run: RUN has no flag --what',
    );
    expect((await errorOf("FROM b", { images: base("COPY --chmod=99 a b") })).location).toMatchObject({
      line: 1,
      column: 1,
      endColumn: 6,
    });
  });
});

describe("named contexts", () => {
  test("stand in for stages, base images and images to copy from", async () => {
    const text = "FROM alpine AS dep\nRUN dep\nFROM alpine:3.20\nCOPY --from=dep a /\nCOPY --from=src b /";
    const options = {
      "context:dep": "local:depdir",
      "context:src": "docker-image://node:24",
      "context:alpine:3.20": "docker-image://alpine",
    };
    const { definition } = await compileText(text, { options });
    expect(commands(definition)).toEqual([]);
    expect(identifiers(definition).toSorted()).toEqual([
      "docker-image://docker.io/library/alpine:latest@…",
      "docker-image://docker.io/library/node:24@…",
      "local://depdir",
    ]);
  });

  test("a folder sends what is copied of it, but what its own .dockerignore names", async () => {
    const { definition } = await compileText("FROM scratch\nCOPY --from=src a b/* /", {
      options: { "context:src": "local:srcdir" },
      files: { srcdir: { ".dockerignore": "b/x" } },
    });
    const local = [...vertices(definition)].find(({ op }) => op.kind === "source")!;
    expect(local.op).toEqual({
      kind: "source",
      identifier: "local://srcdir",
      attrs: {
        "local.sharedkeyhint": "context:src-",
        "local.excludepatterns": '["b/x"]',
        "local.followpaths": '["a","b/*"]',
      },
    });
  });

  test("an entry for the platform goes first", async () => {
    const options = {
      "context:x::linux/amd64": "docker-image://alpine:3.20",
      "context:x": "docker-image://alpine",
    };
    expect(images((await compileText("FROM x\nRUN y", { options })).definition)).toEqual([
      "docker-image://docker.io/library/alpine:3.20@…",
    ]);
  });

  test("a folder can be a base", async () => {
    const { definition, config } = await compileText('FROM root\nRUN ["/x"]', {
      options: { "context:root": "local:rootdir" },
    });
    expect(identifiers(definition)).toEqual(["local://rootdir"]);
    expect(config!.os).toBe("linux");
  });

  test.each([
    [
      "nonsense",
      '- CONTEXT_INVALID the named context s cannot be "nonsense" | A named context is a folder, docker-image://name, oci-layout://store@sha256:…, an address by http(s), or a git repository.',
    ],
    [
      "git:x",
      '- CONTEXT_INVALID the named context s cannot be "git:x" | Write git://host/path or ssh://user@host/path.',
    ],
    [
      "target:x",
      '- CONTEXT_INVALID the named context s cannot be "target:x" | Results of other builds cannot be lent yet: push the other build\'s image, or write it as an OCI layout.',
    ],
    [
      "oci-layout://store",
      "- CONTEXT_INVALID the named context s does not say which image | Add the image's digest: oci-layout://store@sha256:….",
    ],
    [
      "https://h/x.git?mtime=x",
      '- GIT_REFERENCE_INVALID "https://h/x.git?mtime=x" does not name a git repository: mtime is "x" | mtime is checkout or commit.',
    ],
  ])("%s is refused", async (value, expected) => {
    expect(await failureOf("FROM s", { options: { "context:s": value } })).toBe(expected);
  });
});

test.each([
  [
    { "force-network-mode": "x" },
    '- OPTION_INVALID "x" is not a value of the option force-network-mode | It is default, none or host.',
  ],
  [{ "add-hosts": "x" }, '- OPTION_INVALID "x" is not a value of the option add-hosts | Write host=ip.'],
  [
    { ulimit: "x" },
    '- OPTION_INVALID "x" is not a value of the option ulimit | Write name=soft:hard, for example nofile=1024:2048.',
  ],
  [
    { "build-arg:SOURCE_DATE_EPOCH": "x" },
    '- OPTION_INVALID "x" is not a value of the option build-arg:SOURCE_DATE_EPOCH | It is a number of seconds since 1970, context, a named context, or a stage that holds one ADD of a URL or a git repository.',
  ],
  [
    { "build-arg:BUILDKIT_CONTEXT_KEEP_GIT_DIR": "x" },
    '- OPTION_INVALID "x" is not a value of the option build-arg:BUILDKIT_CONTEXT_KEEP_GIT_DIR | It is 1 or 0.',
  ],
])("the options %j are refused", async (options, expected) => {
  expect(await failureOf("FROM alpine", { options: options as Record<string, string> })).toBe(expected);
});
