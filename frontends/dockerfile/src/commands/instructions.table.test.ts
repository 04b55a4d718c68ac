import { readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { compileText, failureOf, type CompileInput } from "../fake-bridge.test.support.ts";
import type { DockerfileErrorCode } from "../problems.ts";
import { INSTRUCTIONS } from "./check.ts";
import { INSTRUCTION_FLAGS } from "./instruction-flags.ts";

/** What builds, and what does not: the text and `line:column CODE message`, up to the hint. */
interface Row {
  readonly good: readonly string[];
  readonly bad: readonly (readonly [text: string, error: string])[];
}

// Texts without FROM get one in front; errors count lines with it.
const withFrom = (text: string): string => (/^\s*(?:from|arg x)/i.test(text) ? text : `FROM alpine\n${text}`);

const ROWS: Readonly<Record<string, Row>> = {
  FROM: {
    good: [
      "FROM alpine",
      "from alpine:3.20 as Base-1_x.y",
      "ARG X=alpine\nFROM ${X:-scratch}",
      "FROM scratch",
    ],
    bad: [
      ["FROM", "1:1-4 INSTRUCTION_ARGUMENTS FROM needs an image"],
      ["FROM alpine b", '1:13 INSTRUCTION_ARGUMENTS FROM takes an image and AS name, not "b"'],
      ["FROM alpine AS 1", '1:16 STAGE_NAME_INVALID "1" cannot be the name of a stage'],
      ["FROM Alpine", '1:6-11 REFERENCE_INVALID "Alpine" is not an image name: names are lower case'],
    ],
  },
  "FROM --platform": {
    good: ["FROM --platform=linux/amd64 alpine", "FROM --platform=$BUILDPLATFORM alpine"],
    bad: [
      ["FROM --platform alpine", "1:6-15 FLAG_VALUE --platform needs a value"],
      ["FROM --platform=linux/a/b/c alpine", "1:17-27 PLATFORM_INVALID"],
      ["FROM --platfrom=x alpine", "1:6-15 FLAG_UNKNOWN FROM has no flag --platfrom"],
    ],
  },
  RUN: {
    good: ["RUN a && b", 'RUN ["a", "b"]', "RUN <<EOF\na\nEOF", "RUN cat <<A <<-'B'\na\nA\n\tb\n\tB", "RUN"],
    bad: [
      ["RUN []", "2:1-3 INSTRUCTION_ARGUMENTS RUN has no command"],
      ['RUN ["a", 1]', "2:5-12 JSON_NOT_STRINGS"],
      ["RUN --nope a", "2:5-10 FLAG_UNKNOWN RUN has no flag --nope"],
      ["RUN <<EOF\na", "2:5-9 HEREDOC_UNTERMINATED the here-document <<EOF has no end"],
    ],
  },
  "RUN --mount": {
    good: [
      "RUN --mount=target=/x --mount=type=cache,target=/c,sharing=locked,uid=1,gid=2,mode=0700 a",
      `RUN --mount='type=bind,"target=/a,b",rw' a`,
      "RUN --mount=type=tmpfs,target=/t,size=64m --mount=type=secret,id=s,env=S --mount=type=ssh a",
    ],
    bad: [
      ["RUN --mount=type=cahce,target=/x a", '2:18-22 MOUNT_INVALID there is no mount type "cahce"'],
      ["RUN --mount=type=cache,traget=/x a", '2:24-32 MOUNT_INVALID --mount has no key "traget"'],
      [
        `RUN --mount='"target=/x"y,rw' a`,
        '2:13-29 MOUNT_INVALID the quotes of --mount do not fit together: "target=/x"y,rw',
      ],
      ["RUN --mount a", "2:5-11 FLAG_VALUE --mount needs a value"],
      [
        "FROM alpine AS a\nRUN --mount=from=a,target=/x b",
        "2:1-30 STAGE_CIRCULAR stage a takes files from itself",
      ],
    ],
  },
  "RUN --network": {
    good: ["RUN --network=none a", "RUN --network=default a", "RUN --network=host a"],
    bad: [["RUN --network=nnoe a", '2:15-18 FLAG_VALUE there is no network "nnoe"']],
  },
  "RUN --security": {
    good: ["RUN --security=insecure a", "RUN --security=sandbox a"],
    bad: [["RUN --security=secure a", '2:16-21 FLAG_VALUE there is no security mode "secure"']],
  },
  "RUN --device": {
    good: ["RUN --device=vendor.example/gpu=0 a", "RUN --device=vendor.example/gpu,required=false a"],
    bad: [["RUN --device=x,required=perhaps a", "2:16-31 FLAG_VALUE"]],
  },
  CMD: {
    good: ["CMD a b", 'CMD ["a", "b"]', "CMD []", "CMD"],
    bad: [
      ["CMD [1]", "2:5-7 JSON_NOT_STRINGS"],
      ["CMD --x a", "2:5-7 FLAG_UNKNOWN CMD has no flag --x"],
    ],
  },
  ENTRYPOINT: {
    good: ["ENTRYPOINT a b", 'ENTRYPOINT ["a", "b"]'],
    bad: [["ENTRYPOINT [null]", "2:12-17 JSON_NOT_STRINGS"]],
  },
  SHELL: {
    good: ['SHELL ["/bin/bash", "-c"]'],
    bad: [["SHELL bash", "2:1-5 INSTRUCTION_ARGUMENTS SHELL needs a JSON array"]],
  },
  ENV: {
    good: ["ENV A=1 B='2 3' C=$A", "ENV A the rest", "ENV A="],
    bad: [
      ["ENV", "2:1-3 INSTRUCTION_ARGUMENTS ENV needs a name and a value"],
      ["ENV A", "2:5 INSTRUCTION_ARGUMENTS ENV needs a value for A"],
      ["ENV A=1 B", '2:9 INSTRUCTION_ARGUMENTS ENV has "B" without a ='],
      ["ENV =1", "2:5-6 INSTRUCTION_ARGUMENTS ENV has a value without a name"],
      ["ENV A=${B", "2:7-9 EXPANSION_FAILED"],
    ],
  },
  LABEL: {
    good: ['LABEL a=b "c d"="e f"', "LABEL a b c"],
    bad: [["LABEL a", "2:7 INSTRUCTION_ARGUMENTS LABEL needs a value for a"]],
  },
  ARG: {
    good: ["ARG A B=2 C", "ARG X=1\nFROM alpine\nARG X"],
    bad: [
      ["ARG", "2:1-3 INSTRUCTION_ARGUMENTS ARG needs a name"],
      ["ARG =1", "2:5-6 INSTRUCTION_ARGUMENTS ARG has a value without a name"],
    ],
  },
  COPY: {
    good: ["COPY a b /c/", 'COPY ["a b", "/c"]', "COPY <<A <<B /d/\na\nA\nb\nB", "COPY $X* /"],
    bad: [
      ["COPY a", "2:6 INSTRUCTION_ARGUMENTS COPY needs a source and a destination"],
      [
        "COPY a <<E\nx\nE",
        "2:8-10 INSTRUCTION_ARGUMENTS COPY cannot have a here-document as its destination",
      ],
      ["COPY https://a/b c", "2:6-16 INSTRUCTION_ARGUMENTS COPY takes files, not URLs"],
    ],
  },
  "COPY --from": {
    good: ["FROM alpine AS a\nFROM alpine\nCOPY --from=a x /\nCOPY --from=0 x /"],
    bad: [
      ["COPY --from=$X a b", "2:13-14 FLAG_VALUE --from takes no variables"],
      ["COPY --from=7 a b", "2:13 STAGE_NOT_FOUND there is no stage number 7"],
      ["FROM alpine AS a\nCOPY --from=b x /\nFROM alpine AS b\nFROM a", "2:13 STAGE_NOT_READY"],
      ["FROM alpine AS a\nCOPY --from=a x /", "2:13 STAGE_CIRCULAR stage a takes files from itself"],
      ["COPY --from=a/B a b", '2:13-15 REFERENCE_INVALID "a/B" is not an image name'],
    ],
  },
  "COPY --chown": {
    good: ["COPY --chown=1:2 a /", "COPY --chown=me a /", "COPY --chown=$X a /"],
    bad: [["COPY --link --chown=me a /", "2:21-22 CHOWN_INVALID"]],
  },
  "COPY --chmod": {
    good: ["COPY --chmod=755 a /", "COPY --chmod=u+x,g=rwX a /", "ARG M=0644\nCOPY --chmod=$M a /"],
    bad: [
      ["COPY --chmod=888 a /", '2:14-16 CHMOD_INVALID "888" is not a mode'],
      ["COPY --chmod=u+y a /", '2:14-16 CHMOD_INVALID "u+y" is not a mode'],
    ],
  },
  "COPY --link": {
    good: ["COPY --link a /", "COPY --link=false a /"],
    bad: [["COPY --link=perhaps a /", '2:13-19 FLAG_VALUE --link is true or false, not "perhaps"']],
  },
  "COPY --parents": { good: ["COPY --parents a/./b /"], bad: [["COPY --parents=x a /", "2:16 FLAG_VALUE"]] },
  "COPY --exclude": {
    good: ["COPY --exclude=*.o --exclude=tmp . /"],
    bad: [["COPY --exclude a b", "2:6-14 FLAG_VALUE --exclude needs a value"]],
  },
  "COPY --archive": {
    good: ["COPY --archive a /"],
    bad: [["COPY --archive --chown=1 a /", "2:24 FLAG_CONFLICT"]],
  },
  ADD: {
    good: ["ADD a.tar /", "ADD https://h/f https://h/r.git#v1 /x/", "ADD <<E /f\nx\nE"],
    bad: [
      ["ADD a", "2:5 INSTRUCTION_ARGUMENTS ADD needs a source and a destination"],
      ["ADD --from=x a b", "2:5-10 FLAG_UNKNOWN ADD has no flag --from"],
    ],
  },
  "ADD --chown": {
    good: ["ADD --chown=1 a /"],
    bad: [["ADD --link --chown=me a /", "2:20-21 CHOWN_INVALID"]],
  },
  "ADD --chmod": { good: ["ADD --chmod=0 a /"], bad: [["ADD --chmod=9 a /", "2:13 CHMOD_INVALID"]] },
  "ADD --link": { good: ["ADD --link a /"], bad: [["ADD --link=1 a /", "2:12 FLAG_VALUE"]] },
  "ADD --exclude": { good: ["ADD --exclude=a . /"], bad: [["ADD --exclude a /", "2:5-13 FLAG_VALUE"]] },
  "ADD --checksum": {
    good: [`ADD --checksum=sha256:${"a".repeat(64)} https://h/f /`],
    bad: [["ADD --checksum=sha256:1 https://h/f /", "2:16-23 CHECKSUM_INVALID"]],
  },
  "ADD --keep-git-dir": {
    good: ["ADD --keep-git-dir https://h/r.git /", "ADD --keep-git-dir=false https://h/r.git /"],
    bad: [["ADD --keep-git-dir=x https://h/r.git /", "2:20 FLAG_VALUE"]],
  },
  "ADD --unpack": { good: ["ADD --unpack=false a.tar /"], bad: [["ADD --unpack=x a /", "2:14 FLAG_VALUE"]] },
  WORKDIR: {
    good: ["WORKDIR /a", "WORKDIR b/../c"],
    bad: [["WORKDIR", "2:1-7 INSTRUCTION_ARGUMENTS WORKDIR needs one argument"]],
  },
  USER: {
    good: ["USER me:us", "USER 1"],
    bad: [["USER", "2:1-4 INSTRUCTION_ARGUMENTS USER needs one argument"]],
  },
  STOPSIGNAL: {
    good: ["STOPSIGNAL SIGTERM", "STOPSIGNAL 9", "ARG S=INT\nSTOPSIGNAL $S"],
    bad: [["STOPSIGNAL SIGTREM", '2:12-18 SIGNAL_INVALID "SIGTREM" is not a signal']],
  },
  MAINTAINER: {
    good: ["MAINTAINER a b <c>"],
    bad: [["MAINTAINER", "2:1-10 INSTRUCTION_ARGUMENTS MAINTAINER needs one argument"]],
  },
  VOLUME: {
    good: ["VOLUME /a /b", 'VOLUME ["/a b"]'],
    bad: [
      ["VOLUME", "2:1-6 INSTRUCTION_ARGUMENTS VOLUME needs at least one argument"],
      ['VOLUME [""]', "2:9-10 VOLUME_EMPTY"],
    ],
  },
  EXPOSE: {
    good: ["EXPOSE 80 443/tcp 8000-8010/udp", "ARG P=80\nEXPOSE $P"],
    bad: [
      ["EXPOSE", "2:1-6 INSTRUCTION_ARGUMENTS EXPOSE needs at least one argument"],
      ["EXPOSE x", "2:8 PORT_INVALID"],
    ],
  },
  HEALTHCHECK: {
    good: ["HEALTHCHECK NONE", "HEALTHCHECK CMD a", 'HEALTHCHECK CMD ["a"]', "HEALTHCHECK --nope none"],
    bad: [
      ["HEALTHCHECK", "2:1-11 INSTRUCTION_ARGUMENTS HEALTHCHECK needs CMD and a command, or NONE"],
      ["HEALTHCHECK NONE x", "2:13-16 INSTRUCTION_ARGUMENTS HEALTHCHECK NONE takes no arguments"],
      ["HEALTHCHECK a", '2:13 INSTRUCTION_ARGUMENTS HEALTHCHECK has no type "a"'],
    ],
  },
  "HEALTHCHECK --interval": {
    good: ["HEALTHCHECK --interval=1m30s CMD a"],
    bad: [["HEALTHCHECK --interval=5 CMD a", '2:24 FLAG_VALUE "5" is not a duration']],
  },
  "HEALTHCHECK --timeout": {
    good: ["HEALTHCHECK --timeout=500ms CMD a"],
    bad: [["HEALTHCHECK --timeout=1us CMD a", "2:23-25 FLAG_VALUE --timeout cannot be less than 1ms"]],
  },
  "HEALTHCHECK --start-period": {
    good: ["HEALTHCHECK --start-period=0s CMD a"],
    bad: [["HEALTHCHECK --start-period=x CMD a", "2:28 FLAG_VALUE"]],
  },
  "HEALTHCHECK --start-interval": {
    good: ["HEALTHCHECK --start-interval=1s CMD a"],
    bad: [["HEALTHCHECK --start-interval=1s --start-interval=2s CMD a", "2:33-51 FLAG_DUPLICATE"]],
  },
  "HEALTHCHECK --retries": {
    good: ["HEALTHCHECK --retries=3 CMD a"],
    bad: [["HEALTHCHECK --retries=-1 CMD a", "2:23-24 FLAG_VALUE --retries is a number from 0 on"]],
  },
  ONBUILD: {
    good: ["ONBUILD RUN a", "ONBUILD COPY <<E /\nx\nE", "ONBUILD NOPE"],
    bad: [
      ["ONBUILD", "2:1-7 INSTRUCTION_ARGUMENTS ONBUILD needs an instruction"],
      ["ONBUILD FROM a", "2:9-12 INSTRUCTION_ARGUMENTS ONBUILD cannot hold FROM"],
      ["ONBUILD ONBUILD RUN a", "2:9-15 INSTRUCTION_ARGUMENTS ONBUILD cannot hold ONBUILD"],
      ["ONBUILD MAINTAINER a", "2:9-18 INSTRUCTION_ARGUMENTS ONBUILD cannot hold MAINTAINER"],
      ["ONBUILD --x RUN a", "2:9-11 FLAG_UNKNOWN ONBUILD has no flag --x"],
    ],
  },
};

test("every instruction and every flag has its row", () => {
  const flags = Object.entries(INSTRUCTION_FLAGS).flatMap(([name, kinds]) =>
    Object.keys(kinds).map((flag) => `${name.toUpperCase()} --${flag}`),
  );
  expect(Object.keys(ROWS).sort()).toEqual([...INSTRUCTIONS, ...flags].sort());
});

describe.each(Object.entries(ROWS))("%s", (_, { good, bad }) => {
  test.each(good)("takes %j", async (text) => {
    await expect(compileText(withFrom(text))).resolves.toBeDefined();
  });

  test.each(bad)("refuses %j", async (text, error) => {
    const failure = await failureOf(withFrom(text));
    expect(failure.slice(0, error.length)).toBe(error);
    expect(failure).toMatch(/ \| ./);
  });
});

/** One way to each code; where no text leads to it, why. */
const CODES: Readonly<
  Record<DockerfileErrorCode, readonly [text: string | Uint8Array, input?: CompileInput] | null>
> = {
  DOCKERFILE_EMPTY: ["# nothing"],
  DOCKERFILE_NOT_FOUND: ["", { options: { filename: "nope" } }],
  DIRECTIVE_INVALID: ["# escape=x\nFROM alpine"],
  HEREDOC_UNTERMINATED: ["FROM alpine\nRUN <<E"],
  INSTRUCTION_UNKNOWN: ["FORM alpine\nFROM alpine"],
  INSTRUCTION_ARGUMENTS: ["FROM"],
  INSTRUCTION_BEFORE_FROM: ["RUN x\nFROM alpine"],
  FLAG_UNKNOWN: ["FROM --x alpine"],
  FLAG_VALUE: ["FROM alpine\nRUN --network=x y"],
  FLAG_DUPLICATE: ["FROM --platform=a --platform=b alpine"],
  FLAG_CONFLICT: ["FROM alpine\nCOPY --archive --chown=1 a b"],
  JSON_NOT_STRINGS: ["FROM alpine\nCMD [1]"],
  STAGE_NAME_INVALID: ["FROM alpine AS 1"],
  STAGE_NOT_FOUND: ["FROM alpine", { options: { target: "x" } }],
  STAGE_NOT_READY: ["FROM alpine AS a\nCOPY --from=b x /\nFROM alpine AS b\nFROM a"],
  STAGE_CIRCULAR: ["FROM alpine AS a\nCOPY --from=a x /"],
  // Only SOURCE_DATE_EPOCH names a stage as a source.
  STAGE_NOT_SOURCE: null,
  BASE_NAME_EMPTY: ["FROM $X"],
  PLATFORM_INVALID: ["FROM --platform=$X alpine"],
  REFERENCE_INVALID: ["FROM A"],
  GIT_REFERENCE_INVALID: ["FROM alpine\nADD https://h/r.git?nope=1 /"],
  EXPANSION_FAILED: ["FROM alpine\nLABEL a=${x"],
  TEXT_INVALID: [Buffer.from("FROM alpine\nRUN \xff", "latin1")],
  MOUNT_INVALID: ["FROM alpine\nRUN --mount=type=x y"],
  CHMOD_INVALID: ["FROM alpine\nCOPY --chmod=9 a b"],
  CHOWN_INVALID: ["FROM alpine\nCOPY --link --chown=me a b"],
  CHECKSUM_INVALID: ["FROM alpine\nADD --checksum=x https://h/f /"],
  HEREDOC_NAME: ["FROM alpine\nCOPY <<../E /x\na\n../E"],
  // Matching is what finds out.
  PATTERN_INVALID: null,
  PORT_INVALID: ["FROM alpine\nEXPOSE x"],
  SIGNAL_INVALID: ["FROM alpine\nSTOPSIGNAL x"],
  VOLUME_EMPTY: ['FROM alpine\nVOLUME [""]'],
  CONTEXT_INVALID: ["FROM x", { options: { "context:x": "nope" } }],
  IGNORE_FILE_INVALID: ["FROM alpine\nCOPY . .", { files: { context: { ".dockerignore": "!" } } }],
  INCLUDE_ARGUMENT: ["# slipway=include\nFROM alpine\nINCLUDE f A=1", { files: { context: { f: "" } } }],
  INCLUDE_CIRCULAR: ["# slipway=include\nFROM alpine\nINCLUDE f", { files: { context: { f: "INCLUDE f" } } }],
  INCLUDE_INVALID: ["# slipway=include\nFROM alpine\nINCLUDE $X"],
  INCLUDE_NOT_FOUND: ["# slipway=include\nFROM alpine\nINCLUDE f"],
  INCLUDE_OUTSIDE: ["# slipway=include\nFROM alpine\nINCLUDE ../f"],
  FILE_NOT_REGULAR: ["FROM alpine", { links: { dockerfile: { nope: "/x" } }, options: { filename: "nope" } }],
  OPTION_INVALID: ["FROM alpine", { options: { "shm-size": "x" } }],
  LINT_VIOLATION: ["# check=error=true\nFROM alpine\nCMD a b"],
  // For what a later version will take.
  NOT_SUPPORTED_YET: null,
};

describe("every code", () => {
  const reachable = Object.entries(CODES).filter(([, way]) => way !== null);
  test.each(reachable)("%s is found", async (code, way) => {
    expect((await failureOf(way![0], way![1])).split(" ")[1]).toBe(code);
  });

  test("is in the table of docs/errors.md", () => {
    const text = readFileSync(path.join(import.meta.dirname, "../../../../docs/errors.md"), "utf8");
    const listed = [...text.matchAll(/^\| `([A-Z_]+)`/gm)].map(([, code]) => code);
    expect(listed.sort()).toEqual(Object.keys(CODES).sort());
  });
});
