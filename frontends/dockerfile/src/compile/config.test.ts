import type { ContainerConfig, HistoryEntry, ImageConfig } from "@slipway/oci";
import { describe, expect, test } from "vitest";
import { compileText, imageConfig, type CompileInput } from "../fake-bridge.test.support.ts";

async function configOf(text: string, input?: CompileInput): Promise<ContainerConfig> {
  return (await compileText(text, input)).config!.config!;
}

/** `created_by`, with a star for steps that make a layer. */
async function historyOf(text: string, input?: CompileInput): Promise<readonly string[]> {
  const history = (await compileText(text, input)).config!.history!;
  return history.map((entry: HistoryEntry) => `${entry.empty_layer ? " " : "*"} ${entry.created_by}`);
}

const S = "FROM scratch\n";

describe("what an instruction does to the image config", () => {
  test.each<[string, ContainerConfig]>([
    ["ENV A=1 B='two words' C=a\\ b", { Env: ["A=1", "B=two words", "C=a b"] }],
    ["ENV A hello  $B world", { Env: ["A=hello   world"] }],
    ["ENV A=1\nENV B=$A A=2\nENV C=${A}$B", { Env: ["A=2", "B=1", "C=21"] }],
    ["ENV A=1\nENV B=2\nENV A=3", { Env: ["A=3", "B=2"] }],
    ["ENV PATH=/x:$PATH", { Env: ["PATH=/x:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"] }],
    ['LABEL a=b "c d"="e f"\nLABEL a=x', { Labels: { a: "x", "c d": "e f" } }],
    ["LABEL a b c", { Labels: { a: "b c" } }],
    ['CMD ["a", "b c"]', { Cmd: ["a", "b c"], ArgsEscaped: true }],
    ["CMD a $B 'c'", { Cmd: ["/bin/sh", "-c", "a $B 'c'"], ArgsEscaped: true }],
    ["CMD []", { ArgsEscaped: true }],
    ["CMD a\nENTRYPOINT []", { Cmd: ["/bin/sh", "-c", "a"], ArgsEscaped: true }],
    ['ENTRYPOINT ["a"]', { Entrypoint: ["a"] }],
    ["ENTRYPOINT a", { Entrypoint: ["/bin/sh", "-c", "a"] }],
    [
      'SHELL ["/bin/bash", "-c"]\nCMD a',
      { Shell: ["/bin/bash", "-c"], Cmd: ["/bin/bash", "-c", "a"], ArgsEscaped: true },
    ],
    ["USER me:us", { User: "me:us" }],
    ["ARG U=app\nUSER $U", { User: "app" }],
    ["WORKDIR a\nWORKDIR b/../c\nENV D=d\nWORKDIR $D", { WorkingDir: "/a/c/d", Env: ["D=d"] }],
    ["WORKDIR /", { WorkingDir: "/" }],
    ["WORKDIR /a/", { WorkingDir: "/a/" }],
    ["WORKDIR /a/../b\nWORKDIR c/..", { WorkingDir: "/b" }],
    ["WORKDIR $UNSET", { WorkingDir: "/" }],
    ["WORKDIR /a\nWORKDIR $UNSET", { WorkingDir: "/a" }],
    ["USER me\nUSER $UNSET", {}],
    ["LABEL $UNSET=1", { Labels: { "": "1" } }],
    ["ENV $UNSET=1", { Env: ["=1"] }],
    ["EXPOSE $UNSET", {}],
    ["STOPSIGNAL -1", { StopSignal: "-1" }],
    ["HEALTHCHECK --interval=0 --retries=0 CMD x", { Healthcheck: { Test: ["CMD-SHELL", "x"] } }],
    ["HEALTHCHECK --interval=5s NONE", { Healthcheck: { Test: ["NONE"] } }],
    ['WORKDIR "/a b"', { WorkingDir: "/a b" }],
    ["VOLUME /a /b", { Volumes: { "/a": {}, "/b": {} } }],
    ['VOLUME ["/a b"]', { Volumes: { "/a b": {} } }],
    [
      "EXPOSE 80 53/udp 8000-8002 1:2/SCTP",
      {
        ExposedPorts: {
          "80/tcp": {},
          "53/udp": {},
          "8000/tcp": {},
          "8001/tcp": {},
          "8002/tcp": {},
          "2/sctp": {},
        },
      },
    ],
    ['ENV P="1 2"\nEXPOSE $P', { Env: ["P=1 2"], ExposedPorts: { "1/tcp": {}, "2/tcp": {} } }],
    ["STOPSIGNAL SIGQUIT", { StopSignal: "SIGQUIT" }],
    ["STOPSIGNAL 9", { StopSignal: "9" }],
    ["STOPSIGNAL 99", { StopSignal: "99" }],
    ["STOPSIGNAL RTMIN+3", { StopSignal: "RTMIN+3" }],
    ["HEALTHCHECK NONE", { Healthcheck: { Test: ["NONE"] } }],
    ["HEALTHCHECK cmd a b", { Healthcheck: { Test: ["CMD-SHELL", "a b"] } }],
    [
      'HEALTHCHECK --interval=1m30s --timeout=1.5s --start-period=0 --start-interval=100ms --retries=3 CMD ["a"]',
      { Healthcheck: { Test: ["CMD", "a"], Interval: 90e9, Timeout: 1.5e9, StartInterval: 1e8, Retries: 3 } },
    ],
    ["ONBUILD COPY . /app\nonbuild RUN   x \\\n y", { OnBuild: ["COPY . /app", "RUN   x  y"] }],
    ["ARG A=1\nARG B=${A}2\nENV C=$B", { Env: ["C=12"] }],
    ["ENV A=env\nARG A=arg\nENV B=$A", { Env: ["A=env", "B=arg"] }],
    ["ARG A=arg\nENV A=env\nENV B=$A", { Env: ["A=env", "B=env"] }],
    ["ARG A\nENV B=${A-unset}", { Env: ["B=unset"] }],
    [
      "ARG TARGETARCH\nARG BUILDPLATFORM TARGETSTAGE\nENV B=$TARGETARCH,$BUILDPLATFORM,$TARGETSTAGE",
      { Env: ["B=amd64,linux/amd64,default"] },
    ],
    ["ENV B=$TARGETARCH", { Env: ["B="] }],
    ["MAINTAINER me", {}],
  ])("%j", async (text, expected) => {
    const config = await configOf(S + text);
    const path = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
    const env = expected.Env?.[0]?.startsWith("PATH=") ? expected.Env : [path, ...(expected.Env ?? [])];
    expect(config).toEqual({ WorkingDir: "/", ...expected, Env: env });
  });

  test("ENTRYPOINT forgets the base's CMD, but not one of the same stage", async () => {
    expect((await configOf('FROM alpine\nENTRYPOINT ["x"]')).Cmd).toBeUndefined();
    expect((await configOf('FROM alpine\nCMD ["y"]\nENTRYPOINT ["x"]')).Cmd).toEqual(["y"]);
  });

  test("build arguments go before defaults, and only where they are declared", async () => {
    const options = { "build-arg:A": "given", "build-arg:HIDDEN": "x" };
    expect((await configOf(`${S}ARG A=default\nENV B=$A$HIDDEN`, { options })).Env?.at(-1)).toBe("B=given");
    expect(
      (await configOf(`ARG A=default\n${S}ENV B=$A\nARG A\nENV C=$A`, { options })).Env?.slice(-2),
    ).toEqual(["B=", "C=given"]);
  });

  test("an ARG before FROM gives its default to stages that declare it", async () => {
    expect((await configOf(`ARG A=1\nARG B=\${A}2\n${S}ARG B\nARG A=own\nENV C=$B$A`)).Env?.at(-1)).toBe(
      "C=12own",
    );
  });

  test("labels of the command line go on top", async () => {
    expect(
      (await configOf(`${S}LABEL a=1 b=2`, { options: { "label:b": "3", "label:c": "4" } })).Labels,
    ).toEqual({ a: "1", b: "3", c: "4" });
  });
});

describe("what is inherited", () => {
  test("config, history, author and platform of the base, without its rootfs and time", async () => {
    const base: ImageConfig = {
      ...imageConfig({ User: "u", Labels: { x: "y" }, Env: ["A=1"] }),
      author: "me",
    };
    const { config, baseConfig } = await compileText("FROM b\nLABEL z=1", {
      images: { "docker.io/library/b:latest": base },
    });
    expect(config).toEqual({
      author: "me",
      architecture: "amd64",
      os: "linux",
      config: {
        User: "u",
        Labels: { x: "y", z: "1" },
        Env: ["A=1", "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"],
        Cmd: ["sh"],
      },
      history: [
        { created_by: "base" },
        { created_by: "LABEL z=1", comment: "buildkit.dockerfile.v0", empty_layer: true },
      ],
    });
    expect(baseConfig).toBe(base);
  });

  test("a stage goes on from the stage it is based on: config, ARGs, folder and user, but not triggers", async () => {
    const { config } = await compileText(
      "FROM node:24 AS a\nARG X=1\nENV Y=2\nONBUILD USER root\nFROM a\nWORKDIR sub\nENV Z=$X$Y",
    );
    expect(config!.config).toEqual({
      Env: ["PATH=/usr/local/bin:/usr/bin", "NODE_VERSION=24.1.0", "Y=2", "Z=12"],
      Entrypoint: ["docker-entrypoint.sh"],
      Cmd: ["node"],
      Labels: { base: "yes" },
      WorkingDir: "/srv/sub",
      User: "root",
    });
  });

  test("an explicit platform is the image's, an implicit one is the base's", async () => {
    const images = {
      "docker.io/library/b:latest": { ...imageConfig(), architecture: "arm64", variant: "v8" },
    };
    const implicit = (await compileText("FROM b", { images })).config;
    expect(implicit).toMatchObject({ os: "linux", architecture: "arm64" });
    // Version 8 is what arm64 means.
    expect(implicit).not.toHaveProperty("variant");
    const platforms = [{ os: "linux", architecture: "arm", variant: "v7" }];
    const { config } = await compileText("FROM b", {
      images,
      platforms,
      options: { platform: "linux/arm/v7" },
    });
    expect(config).toMatchObject({ os: "linux", architecture: "arm", variant: "v7" });
  });
});

describe("history", () => {
  test("entries read as BuildKit writes them, and those without a layer say so", async () => {
    const text = `FROM alpine
ARG V=1
ENV A=$V B="b c"
RUN echo hi
RUN ["echo", "hi"]
COPY --chown=1:2 --chmod=755 a $A/b /c/
ADD x.tar /
WORKDIR /w
WORKDIR /
USER u
LABEL l="m n"
EXPOSE 80
VOLUME /v
STOPSIGNAL 15
SHELL ["/bin/bash", "-c"]
HEALTHCHECK --interval=90s CMD curl -f localhost
CMD echo "hi"
ENTRYPOINT ["/e", "a\\"b"]
MAINTAINER me`;
    expect(await historyOf(text)).toEqual([
      "* base",
      "  ARG V=1",
      "  ENV A=1 B=b c",
      "* RUN |1 V=1 /bin/sh -c echo hi # buildkit",
      "* RUN |1 V=1 echo hi # buildkit",
      "* COPY --chown=1:2 --chmod=755 a 1/b /c/ # buildkit",
      "* ADD x.tar / # buildkit",
      "* WORKDIR /w",
      "  WORKDIR /",
      "  USER u",
      "  LABEL l=m n",
      "  EXPOSE [80/tcp]",
      "  VOLUME [/v]",
      "  STOPSIGNAL 15",
      "  SHELL [/bin/bash -c]",
      "  HEALTHCHECK {Test:[CMD-SHELL curl -f localhost] Interval:1m30s Timeout:0s StartPeriod:0s StartInterval:0s Retries:0}",
      '  CMD ["/bin/bash" "-c" "echo \\"hi\\""]',
      '  ENTRYPOINT ["/e" "a\\"b"]',
      "  MAINTAINER me",
    ]);
  });

  test("entries have a time only when SOURCE_DATE_EPOCH is given", async () => {
    const options = { "build-arg:SOURCE_DATE_EPOCH": "1700000000" };
    expect((await compileText(`${S}USER u`)).config!.history![0]).not.toHaveProperty("created");
    expect((await compileText(`${S}USER u`, { options })).config!.history![0]!.created).toBe(
      "2023-11-14T22:13:20Z",
    );
  });

  test("proxies that are not declared are in no history and no environment", async () => {
    const options = { "build-arg:HTTP_PROXY": "http://secret@proxy", "build-arg:no_proxy": "x" };
    const { config, definition } = await compileText("FROM alpine\nRUN x", { options });
    expect(JSON.stringify(config)).not.toContain("proxy");
    const op = definition.result!.vertex.op;
    expect(op.kind === "exec" && op.meta).toMatchObject({
      env: ["PATH=/usr/bin:/bin"],
      proxyEnv: {
        httpProxy: "http://secret@proxy",
        httpsProxy: "",
        ftpProxy: "",
        noProxy: "x",
        allProxy: "",
      },
    });
  });
});

test("the time for variables and labels grows with their number, not with its square", async () => {
  const lines = Array.from({ length: 20_000 }, (_, at) => `ENV e${at}=$e${at - 1}x\nLABEL l${at}=v`);
  const startedMs = performance.now();
  const config = await configOf(`FROM scratch\nENV e-1=\n${lines.join("\n")}\nENV e7=seven`);
  expect(Object.keys(config.Labels!)).toHaveLength(20_000);
  expect(config.Env).toHaveLength(20_002);
  expect(config.Env![9]).toBe("e7=seven");
  // Copying all for each new one took minutes.
  expect(performance.now() - startedMs).toBeLessThan(20_000);
});

test("names that objects have from birth are ordinary names of labels and variables", async () => {
  const config = await configOf(
    "FROM scratch AS a\nLABEL __proto__=x constructor=y\nFROM a\nLABEL toString=z\nENV __proto__=1 constructor=$__proto__",
  );
  expect(Object.entries(config.Labels!)).toEqual([
    ["__proto__", "x"],
    ["constructor", "y"],
    ["toString", "z"],
  ]);
  expect(config.Env).toContain("constructor=");
});

test("labels of a stage are not those of the one that it began with", async () => {
  const { Labels, Env } = await configOf(
    "FROM scratch AS a\nLABEL a=1\nENV A=1\nFROM a AS b\nLABEL b=2\nENV B=2\nFROM a\nLABEL c=3",
  );
  expect(Labels).toEqual({ a: "1", c: "3" });
  expect(Env).not.toContain("B=2");
});
