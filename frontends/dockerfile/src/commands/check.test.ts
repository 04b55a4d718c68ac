import { describe, expect, test } from "vitest";
import { errorOf, failureOf } from "../fake-bridge.test.support.ts";

const F = "FROM alpine\n";

describe("a mistake is told with its place and what to do", () => {
  test.each([
    // Instructions
    [`${F}RUNN x`, "2:1-4 INSTRUCTION_UNKNOWN unknown instruction RUNN | Did you mean RUN?"],
    [`${F}COYP a b`, "2:1-4 INSTRUCTION_UNKNOWN unknown instruction COYP | Did you mean COPY?"],
    [
      `${F}  entrypiont x`,
      "2:3-12 INSTRUCTION_UNKNOWN unknown instruction entrypiont | Did you mean ENTRYPOINT?",
    ],
    [
      "RUN x\nFROM a",
      "1:1-3 INSTRUCTION_BEFORE_FROM RUN stands before the first FROM | Only ARG may stand there. Begin the file with FROM image, or FROM scratch.",
    ],
    [
      "# nothing",
      "1:9 DOCKERFILE_EMPTY Dockerfile has no FROM | Begin the file with FROM image, or FROM scratch.",
    ],
    ["", "1:1 DOCKERFILE_EMPTY Dockerfile has no FROM | Begin the file with FROM image, or FROM scratch."],
    [
      "ARG A",
      "1:5 DOCKERFILE_EMPTY Dockerfile has no FROM | Begin the file with FROM image, or FROM scratch.",
    ],
    // FROM
    [
      "FROM",
      "1:1-4 INSTRUCTION_ARGUMENTS FROM needs an image | For example: FROM debian:trixie-slim AS build",
    ],
    [
      "FROM a b",
      '1:8 INSTRUCTION_ARGUMENTS FROM takes an image and AS name, not "b" | Write FROM image AS name.',
    ],
    ["FROM a AS", "1:8-9 INSTRUCTION_ARGUMENTS FROM takes one name behind AS | Write FROM image AS name."],
    ["FROM a AS b c", "1:13 INSTRUCTION_ARGUMENTS FROM takes one name behind AS | Write FROM image AS name."],
    [
      "FROM a AS 1b",
      '1:11-12 STAGE_NAME_INVALID "1b" cannot be the name of a stage | Names start with a letter and go on with letters, digits, dots, dashes and underscores.',
    ],
    ["FROM --platfrom=x a", "1:6-15 FLAG_UNKNOWN FROM has no flag --platfrom | Did you mean --platform?"],
    // RUN
    [`${F}RUN []`, "2:1-3 INSTRUCTION_ARGUMENTS RUN has no command | Write the command behind RUN."],
    [
      `${F}RUN ["a", 1]`,
      '2:5-12 JSON_NOT_STRINGS the JSON array of RUN holds something that is not a string | Put every element in double quotes, for example ["sleep", "5"].',
    ],
    [`${F}RUN --network=hots x`, '2:15-18 FLAG_VALUE there is no network "hots" | Did you mean host?'],
    [
      `${F}RUN --network x`,
      "2:5-13 FLAG_VALUE --network needs a value | Write --network=value, without a space.",
    ],
    [
      `${F}RUN --network=host --network=none x`,
      "2:20-33 FLAG_DUPLICATE --network is given twice | Remove one of them.",
    ],
    // RUN --mount
    [
      `${F}RUN --mount=type=cahce,target=/x y`,
      '2:18-22 MOUNT_INVALID there is no mount type "cahce" | Did you mean cache?',
    ],
    [
      `${F}RUN --mount=type=cache,traget=/x y`,
      '2:24-32 MOUNT_INVALID --mount has no key "traget" | Did you mean target?',
    ],
    [
      `${F}RUN --mount=type=cache y`,
      "2:13-22 MOUNT_INVALID --mount has no target | Add target=/path, the place in the file system of the step.",
    ],
    [
      `${F}RUN --mount=type=bind,target=/x,mode=0755 y`,
      "2:38-41 MOUNT_INVALID a mount of type bind has no mode | mode is for mounts of type secret, ssh, cache.",
    ],
    [
      `${F}RUN --mount=type=cache,target=/x,sharing=locket y`,
      '2:42-47 MOUNT_INVALID there is no sharing mode "locket" | Did you mean locked?',
    ],
    [
      `${F}RUN --mount=type=cache,target=/x,mode=9 y`,
      '2:39 MOUNT_INVALID "9" is not a mode | Write the mode in octal, for example 0755.',
    ],
    [
      `${F}RUN --mount=type=cache,target=/x,uid=me y`,
      '2:38-39 MOUNT_INVALID "me" is not a uid | Write the uid as a number.',
    ],
    [
      `${F}RUN --mount=type=tmpfs,target=/x,size=big y`,
      '2:39-41 MOUNT_INVALID "big" is not a size | Write for example size=64m or size=1g.',
    ],
    [
      `${F}RUN --mount=target=/x,rw=perhaps y`,
      '2:23-32 MOUNT_INVALID rw is true or false, not "perhaps" | Write rw alone to turn it on.',
    ],
    [
      `${F}RUN --mount=target=/x,from=$A y`,
      "2:23-29 MOUNT_INVALID from= of --mount takes no variables | Give the image a stage of its own, FROM ${NAME} AS name, and mount from=name.",
    ],
    [
      `${F}RUN --mount=target=/ y`,
      "2:20 MOUNT_INVALID a mount cannot hide the root | Give it a folder of its own as target.",
    ],
    // ENV, LABEL, ARG
    [`${F}ENV`, "2:1-3 INSTRUCTION_ARGUMENTS ENV needs a name and a value | Write ENV name=value."],
    [`${F}ENV A`, "2:5 INSTRUCTION_ARGUMENTS ENV needs a value for A | Write ENV A=value."],
    [
      `${F}ENV A=1 B`,
      '2:9 INSTRUCTION_ARGUMENTS ENV has "B" without a = | Write name=value, and quotes around values with spaces.',
    ],
    [
      `${F}LABEL =x`,
      "2:7-8 INSTRUCTION_ARGUMENTS LABEL has a value without a name | Write LABEL name=value.",
    ],
    [`${F}ENV --a=b C=d`, "2:5-7 FLAG_UNKNOWN ENV has no flag --a | ENV takes no flags."],
    [`${F}ARG`, "2:1-3 INSTRUCTION_ARGUMENTS ARG needs a name | Write ARG name or ARG name=default."],
    [`${F}ARG =x`, "2:5-6 INSTRUCTION_ARGUMENTS ARG has a value without a name | Write ARG name=default."],
    [
      `${F}ENV A=1 \\\n  B="\${X:?no X}"`,
      '3:6-16 EXPANSION_FAILED ""${X:?no X}"" cannot be expanded: X: no X | Give X a value: declare it with ARG and pass --build-arg X=value, or set it with ENV.',
    ],
    [
      `${F}ENV A=\${B:#x}`,
      '2:7-13 EXPANSION_FAILED "${B:#x}" cannot be expanded: ":#" is not a modifier that substitutions know | They know :- - :+ + :? ? # ## % %% / and //. For a default write ${NAME:-default}.',
    ],
    [
      `${F}ENV A=\${}`,
      '2:7-9 EXPANSION_FAILED "${}" cannot be expanded: bad substitution | Write a name between the braces: ${NAME}.',
    ],
    [
      `${F}EXPOSE 90-80`,
      '2:8-12 PORT_INVALID EXPOSE cannot take "90-80": "90-80" is not a range of ports, which goes upwards | Write a port from 0 to 65535 or a range, with /tcp or /udp behind it: 8080, 8000-8010/udp.',
    ],
    [
      `${F}  && foo`,
      "2:3-4 INSTRUCTION_UNKNOWN unknown instruction && | If this goes on with the line above, end that line with a backslash.",
    ],
    [
      "#escape=`\nFROM alpine\nRUN a \\\n  b",
      '4:3 INSTRUCTION_UNKNOWN unknown instruction b | The line above ends with a backslash, which continues nothing here: "# escape=`" makes ` the character that does.',
    ],
    [
      `${F}<<<<<<< HEAD`,
      "2:1-7 INSTRUCTION_UNKNOWN unknown instruction <<<<<<< | Resolve the conflict that a merge has left here.",
    ],
    [
      "version: '3'",
      "1:1-8 INSTRUCTION_UNKNOWN unknown instruction version: | This looks like YAML, not like a Dockerfile: name the build file with --file.",
    ],
    [
      `${F}COPY ["a", "b"`,
      '2:6-10 PATTERN_INVALID "[a," is not a pattern: it ends in a backslash or in an open bracket; this is no JSON array | Close the array with ], put commas between its strings and double quotes around them: ["a b", "/c"].',
    ],
    [
      "ARG VERSION\nFROM alpine:${VERSON}",
      '2:6-21 REFERENCE_INVALID "alpine:" is not an image name: "" is not a tag; VERSON is not set | Did you mean VERSION?',
    ],
    [
      "ARG VERSION\nFROM alpine:${VERSION}",
      '2:6-22 REFERENCE_INVALID "alpine:" is not an image name: "" is not a tag; VERSION is not set | Give it a default, ARG VERSION=default, or pass --build-arg VERSION=value.',
    ],
    [
      `${F}LABEL a='b`,
      '2:9-10 EXPANSION_FAILED "\'b" cannot be expanded: there is no matching single quote | Close what is open, or put the escape character before a $ or a quote that means itself.',
    ],
    // The rest
    [`${F}WORKDIR`, "2:1-7 INSTRUCTION_ARGUMENTS WORKDIR needs one argument | Write it behind WORKDIR."],
    [`${F}USER`, "2:1-4 INSTRUCTION_ARGUMENTS USER needs one argument | Write it behind USER."],
    [
      `${F}MAINTAINER`,
      "2:1-10 INSTRUCTION_ARGUMENTS MAINTAINER needs one argument | Write it behind MAINTAINER.",
    ],
    [
      `${F}STOPSIGNAL`,
      "2:1-10 INSTRUCTION_ARGUMENTS STOPSIGNAL needs one argument | Write it behind STOPSIGNAL.",
    ],
    [`${F}STOPSIGNAL SIGTREM`, '2:12-18 SIGNAL_INVALID "SIGTREM" is not a signal | Did you mean SIGTERM?'],
    [
      `${F}SHELL /bin/sh -c`,
      '2:1-5 INSTRUCTION_ARGUMENTS SHELL needs a JSON array | For example: SHELL ["/bin/bash", "-o", "pipefail", "-c"]',
    ],
    [
      `${F}SHELL []`,
      '2:1-5 INSTRUCTION_ARGUMENTS SHELL needs a JSON array | For example: SHELL ["/bin/bash", "-o", "pipefail", "-c"]',
    ],
    [
      `${F}VOLUME`,
      "2:1-6 INSTRUCTION_ARGUMENTS VOLUME needs at least one argument | Write it behind VOLUME.",
    ],
    [`${F}VOLUME a $X`, "2:10-11 VOLUME_EMPTY a VOLUME is empty | Give the variable a value, or remove it."],
    [
      `${F}EXPOSE`,
      "2:1-6 INSTRUCTION_ARGUMENTS EXPOSE needs at least one argument | Write it behind EXPOSE.",
    ],
    [
      `${F}EXPOSE 80 x`,
      '2:11 PORT_INVALID EXPOSE cannot take "x": "x" is not a port | Write a port from 0 to 65535 or a range, with /tcp or /udp behind it: 8080, 8000-8010/udp.',
    ],
    [
      `${F}EXPOSE 80/http`,
      '2:8-14 PORT_INVALID EXPOSE cannot take "80/http": "http" is not a protocol | Write a port from 0 to 65535 or a range, with /tcp or /udp behind it: 8080, 8000-8010/udp.',
    ],
    [
      `${F}EXPOSE 70000`,
      '2:8-12 PORT_INVALID EXPOSE cannot take "70000": "70000" is not a port | Write a port from 0 to 65535 or a range, with /tcp or /udp behind it: 8080, 8000-8010/udp.',
    ],
    [
      `${F}HEALTHCHECK`,
      "2:1-11 INSTRUCTION_ARGUMENTS HEALTHCHECK needs CMD and a command, or NONE | For example: HEALTHCHECK CMD wget -q -O- http://localhost/",
    ],
    [
      `${F}HEALTHCHECK none x`,
      "2:13-16 INSTRUCTION_ARGUMENTS HEALTHCHECK NONE takes no arguments | Remove what follows NONE.",
    ],
    [
      `${F}HEALTHCHECK curl x`,
      '2:13-16 INSTRUCTION_ARGUMENTS HEALTHCHECK has no type "curl" | Write CMD before the command, or NONE alone.',
    ],
    [
      `${F}HEALTHCHECK CMD`,
      "2:13-15 INSTRUCTION_ARGUMENTS HEALTHCHECK CMD has no command | Write the command behind CMD.",
    ],
    [
      `${F}HEALTHCHECK --interval=5 CMD x`,
      '2:24 FLAG_VALUE "5" is not a duration | Write numbers with units, for example 30s, 1m30s or 500ms.',
    ],
    [
      `${F}HEALTHCHECK --timeout=1us CMD x`,
      "2:23-25 FLAG_VALUE --timeout cannot be less than 1ms | Write numbers with units, for example 30s, 1m30s or 500ms.",
    ],
    [
      `${F}HEALTHCHECK --retries=-1 CMD x`,
      '2:23-24 FLAG_VALUE --retries is a number from 0 on, not "-1" | Write for example --retries=3.',
    ],
    [
      `${F}ONBUILD`,
      "2:1-7 INSTRUCTION_ARGUMENTS ONBUILD needs an instruction | For example: ONBUILD COPY . /app",
    ],
    [
      `${F}ONBUILD ONBUILD RUN x`,
      "2:9-15 INSTRUCTION_ARGUMENTS ONBUILD cannot hold ONBUILD | Write the instruction in the Dockerfile that builds on this image.",
    ],
    [
      `${F}ONBUILD FROM x`,
      "2:9-12 INSTRUCTION_ARGUMENTS ONBUILD cannot hold FROM | Write the instruction in the Dockerfile that builds on this image.",
    ],
  ])("%j", async (text, expected) => {
    expect(await failureOf(text)).toBe(expected);
  });
});

test("one run tells all mistakes: the first is thrown, in the order of the file, and carries the others", async () => {
  const error = await errorOf("FROM a AS 1\nRUN --nope x\nUSR me\nRUN <<E\n\nRUN");
  expect(`${error.location?.line} ${error.code}`).toBe("1 STAGE_NAME_INVALID");
  const others = error.data.others as { code: string; location: { line: number } }[];
  expect(others.map(({ code, location }) => `${location.line} ${code}`)).toEqual([
    "2 FLAG_UNKNOWN",
    "3 INSTRUCTION_UNKNOWN",
    "4 HEREDOC_UNTERMINATED",
  ]);
  expect(JSON.parse(JSON.stringify(error.data))).toEqual(error.data);
});

test("an error shows the line it is in", async () => {
  const { location } = await errorOf("FROM alpine\r\n\tRUN --mount=type=x,target=/y \\\r\n  z\r\n");
  expect(location).toEqual({
    file: "Dockerfile",
    line: 2,
    column: 19,
    endColumn: 19,
    excerpt: "\tRUN --mount=type=x,target=/y \\",
  });
});
