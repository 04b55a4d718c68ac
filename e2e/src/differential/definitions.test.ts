import { mkdirSync, writeFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { walkVertices } from "@slipway/ir";
import { hostPlatform } from "@slipway/oci";
import { useBothBuilders } from "./both-builders.ts";
import { describeBesideBuildKit } from "./reference-builder.ts";

type Options = Readonly<Record<string, string>>;

// Folders of the client have digests that change with each session of BuildKit's: nothing here uses the context.
const CASES: readonly (readonly [text: string, options?: Options])[] = [
  ["RUN echo hi"],
  ['SHELL ["/bin/bash", "-c"]\nRUN ["a", "b c"]\nRUN x'],
  ["ENV A=1 PATH=/x\nARG B=2\nARG A=3\nRUN $A", { "build-arg:B": "given" }],
  ["ENV B=2\nUSER a\nUSER $UNSET\nWORKDIR /a\nWORKDIR $UNSET\nRUN x"],
  ["WORKDIR /a/\nWORKDIR b/\nUSER 1:2\nWORKDIR c\nRUN x"],
  ["USER me\nWORKDIR /w\nUSER :5\nWORKDIR x"],
  ["RUN --network=none x\nRUN --network=host x\nRUN --network=default x\nRUN --security=insecure x"],
  ["RUN --mount=type=cache,target=/c --mount=type=cache,target=d,id=i,sharing=locked,ro x"],
  ["RUN --mount=type=cache,target=/c,uid=1,mode=01750 --mount=type=cache,target=/d,gid=3,source=s x"],
  ["RUN --mount=type=cache,target=/c x", { "build-arg:BUILDKIT_CACHE_MOUNT_NS": "ns" }],
  ["RUN --mount=type=tmpfs,target=/t,size=1.5m --mount=type=tmpfs,target=/s,ro,source=x x"],
  ["RUN --mount=type=secret,id=a/b --mount=type=secret,target=/x/y,mode=0444,uid=5,gid=6,required x"],
  ["RUN --mount=type=secret,id=a,env=A --mount=type=secret,source=b,env=B,target=/z x"],
  ["RUN --mount=type=ssh --mount=type=ssh,id=x,target=/s,mode=0666,required x"],
  ["ENV SSH_AUTH_SOCK=/own T=tmpfs\nRUN --mount=type=ssh --mount=type=$T,target=/$T x"],
  ["RUN --mount=type=tmpfs,target=/a --mount=type=ssh --mount=type=secret,id=b --mount=type=cache,target=/B x"],
  ["RUN <<E\necho $T\n echo b\nE\nRUN <<-E\n\techo a\n\tE"],
  ["RUN python3 <<E\nprint(1)\nE\nRUN <<A cat 3<<B > /x\na\nA\nb\nB\nRUN cat <<-E\n\tx\n\tE"],
  ["RUN <<E\n#!/usr/bin/env python3\nprint(1)\nE\nRUN <<-'S'\n\t#!/bin/x\n\t$T\nS"],
  ["COPY <<A <<'B' /d/\n$PATH\nA\n$PATH\nB"],
  ["ADD https://h/a/b.git#v1:sub /x\nADD --keep-git-dir git@h:a/b.git /y"],
  ["ADD http://127.0.0.1:9/file?q=1 /x"],
  ["RUN x", { "add-hosts": "a=1.2.3.4,b=::1", hostname: "h", ulimit: "nofile=1:2", "shm-size": "1000" }],
  ["RUN x", { "build-arg:BUILDKIT_SANDBOX_HOSTNAME": "h", "build-arg:HTTP_PROXY": "p", "build-arg:no_proxy": "n" }],
  ["ARG HTTP_PROXY\nARG SOURCE_DATE_EPOCH\nWORKDIR /w\nRUN x", { "build-arg:HTTP_PROXY": "p", "build-arg:SOURCE_DATE_EPOCH": "100" }],
  ["ARG TARGETPLATFORM BUILDARCH TARGETVARIANT TARGETSTAGE\nARG TARGETOS=o\nRUN x"],
  ["RUN 1\nFROM scratch AS b\nRUN 2\nFROM scratch\nCOPY --from=0 /x /\nCOPY --from=B --link --chown=1:2 /y /\nRUN --mount=from=b,target=/m,rw x"],
  ["ONBUILD RUN trigger\nONBUILD WORKDIR /o\nFROM a\nRUN own"],
  ["RUN x\nFROM a AS b\nRUN y", { target: "B", "no-cache": "b" }],
  ["COPY --from=src /a /b\nRUN --mount=from=src,target=/m x", { "context:src": "https://h/b.git?ref=v1&mtime=commit&keep-git-dir=1" }],
  ["COPY --from=src /a /b", { "context:src": "git@h:b" }],
  ["FROM src\nRUN x", { "context:src": "https://h/x.tar" }],
  ["RUN x\nFROM a\nRUN y", { "context:a": "git://h/a#main:d" }],
]; // prettier-ignore

describeBesideBuildKit("definitions have BuildKit's digests", {}, () => {
  const builders = useBothBuilders();
  const { folder } = builders;

  describe("vertex for vertex", () => {
    test.each(CASES.map(([text, options = {}], index) => [text, options, index] as const))(
      "%j %j",
      async (text, options, index) => {
        const context = folder.join(`case-${index}`);
        mkdirSync(context);
        writeFileSync(`${context}/Dockerfile`, `FROM scratch AS a\n${text}\n`);
        const signal = AbortSignal.timeout(60_000);
        const [compiled] = await builders.engine.compile(
          {
            options,
            platforms: [hostPlatform()],
            localDirs: { context, dockerfile: context },
            exports: [],
            cwd: context,
            stdout: process.stdout,
          },
          { signal, progress: () => undefined },
        );
        const own = walkVertices(compiled!.definition.result).map(({ digest }) => digest);
        expect(own.length).toBeGreaterThan(0);
        const theirs = await builders.reference.digests({ context, options });
        expect(typeof theirs === "string" ? theirs : theirs.toSorted()).toEqual(own.toSorted());
      },
      120_000,
    );
  });
});
