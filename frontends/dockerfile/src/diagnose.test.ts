import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { diagnose } from "./diagnose.ts";
import { errorOf } from "./fake-bridge.test.support.ts";
import { dockerfileText } from "./syntax/arbitrary-text.test.helper.ts";
import { createDockerfileParser } from "./syntax/parser.ts";

/** `line:column severity CODE message | hint` of every problem. */
function problemsOf(text: string): readonly string[] {
  return diagnose(text).problems.map(
    ({ code, message, hint, location, severity = "error" }) =>
      `${location?.line}:${location?.column} ${severity} ${code} ${message} | ${hint}`,
  );
}

test("one run tells every mistake of a file, in order", () => {
  const text = `# escape=\`
# escape=x
FORM alpine AS 1
FROM alpine AS build
RUNN x
RUN --netwrok=none x
RUN --network=nnoe x
RUN --mount=type=cahce,target=/x y
COPY --from=7 a b
HEALTHCHECK --interval=5 CMD x
ENV A
RUN ["a", 1]
RUN <<EOF
x
COPY --from=biuld a b
COPY a
FROM alpine AS Build-2
SHELL x
`;
  expect(diagnose(text).problems.map(({ code, location }) => `${location?.line} ${code}`)).toEqual([
    "2 DIRECTIVE_INVALID",
    "3 INSTRUCTION_UNKNOWN",
    "5 INSTRUCTION_UNKNOWN",
    "6 FLAG_UNKNOWN",
    "7 FLAG_VALUE",
    "8 MOUNT_INVALID",
    "9 STAGE_NOT_FOUND",
    "10 FLAG_VALUE",
    "11 INSTRUCTION_ARGUMENTS",
    "12 JSON_NOT_STRINGS",
    "13 HEREDOC_UNTERMINATED",
    "15 STAGE_NOT_FOUND",
    "16 INSTRUCTION_ARGUMENTS",
    "18 INSTRUCTION_ARGUMENTS",
  ]);
  for (const { location, hint } of diagnose(text).problems) {
    expect(location).toMatchObject({
      file: "Dockerfile",
      excerpt: expect.any(String),
      column: expect.any(Number),
    });
    expect(hint).toMatch(/\.$|\?$|\]$/);
  }
});

describe("references between stages", () => {
  test.each([
    [
      "a later stage",
      "FROM a AS x\nCOPY --from=y /a /\nFROM a AS y",
      ["2:13 error STAGE_NOT_READY stage y comes after this one | Move it before this stage."],
    ],
    [
      "itself",
      "FROM a AS x\nRUN --mount=from=x,target=/y z",
      [
        "2:18 error STAGE_CIRCULAR stage x takes files from itself | Move what both need into a stage of its own.",
      ],
    ],
    [
      "a number that is none",
      "FROM a\nFROM b\nCOPY --from=2 /a /",
      [
        "3:13 error STAGE_NOT_FOUND there is no stage number 2 | The file has 2 stages, counted from 0. Names are safer than numbers.",
      ],
    ],
    [
      "almost a stage",
      "FROM a AS builder\nFROM b\nRUN --mount=type=bind,target=/x,from=biulder x",
      [
        '3:38 warning STAGE_NOT_FOUND there is no stage "biulder": it is taken for an image | Did you mean the stage builder?',
      ],
    ],
    [
      "an image that cannot be",
      "FROM a AS builder\nFROM Bulider",
      [
        '2:6 error REFERENCE_INVALID "Bulider" is not an image name: names are lower case | Did you mean the stage builder?',
      ],
    ],
    [
      "stages in any case, numbers, images and variables",
      "ARG V\nFROM a AS x\nFROM X AS y\nCOPY --from=0 a /\nCOPY --from=X a /\nCOPY --from=nginx a /\nRUN --mount=from=x,target=/x y\nFROM a:$V",
      [],
    ],
  ])("%s", (_, text, expected) => {
    expect(problemsOf(text)).toEqual(expected);
  });
});

describe("a mistake in a trigger is a warning, since Docker takes it", () => {
  test.each([
    ["ONBUILD COPY x", "warning INSTRUCTION_ARGUMENTS"],
    ["ONBUILD CPOY x y", "warning INSTRUCTION_UNKNOWN"],
    ["ONBUILD RUN --nope x", "warning FLAG_UNKNOWN"],
    ['ONBUILD RUN ["a", 1]', "error JSON_NOT_STRINGS"],
    ["ONBUILD ENV a", "error INSTRUCTION_ARGUMENTS"],
    ["ONBUILD ONBUILD RUN x", "error INSTRUCTION_ARGUMENTS"],
    [`${"ONBUILD ".repeat(50_000)}RUN x`, "error INSTRUCTION_ARGUMENTS"],
  ])("%s", (line, expected) => {
    const [problem] = diagnose(`FROM a\n${line}`).problems;
    expect(`${problem?.severity ?? "error"} ${problem?.code}`).toBe(expected);
  });
});

test("every text has a diagnosis, with all problems inside the text", () => {
  const parser = createDockerfileParser();
  fc.assert(
    fc.property(fc.oneof(dockerfileText, fc.string({ unit: "binary" })), (text) => {
      const { tree, problems } = diagnose(text, { parser });
      for (const { location } of problems) {
        expect(location!.line).toBeLessThanOrEqual(tree.source.text.split("\n").length);
        expect(location!.excerpt).toBe(tree.source.line(location!.line));
        expect(location!.column).toBeLessThanOrEqual(location!.excerpt!.length + 2);
      }
      for (const { span, keyword } of tree.instructions) {
        expect(span.start).toBe(keyword.span.start);
        expect(span.end).toBeLessThanOrEqual(tree.source.text.length);
      }
    }),
    { numRuns: 1000 },
  );
});

test("a build that fails by a reference between stages tells of the others", async () => {
  const error = await errorOf(
    "FROM alpine AS a\nCOPY --from=b x /\nCOPY --from=9 x /\nFROM a AS b\nCOPY --from=8 x /",
  );
  expect([error.location?.line, error.code]).toEqual([3, "STAGE_NOT_FOUND"]);
  const others = error.data.others as { code: string; location: { line: number } }[];
  expect(others.map(({ code, location }) => `${location.line} ${code}`)).toEqual([
    "2 STAGE_NOT_READY",
    "5 STAGE_NOT_FOUND",
  ]);
});

test("a mark for commits is no argument, and moves nothing, behind a byte-order mark either", () => {
  const text = "\uFEFFFROM a:1\nENV A=b #!COMMIT\nEXPOSE 80 #!COMMIT\nRNU x\n";
  const { problems, tree } = diagnose(text);
  expect(problems.map(({ code, location }) => [code, location?.line, location?.column])).toEqual([
    ["INSTRUCTION_UNKNOWN", 4, 1],
  ]);
  expect(tree.source.hasByteOrderMark).toBe(true);
});
