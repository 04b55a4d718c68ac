import { COMMIT_MARK, CUSTOM_NAME, type Definition, walkVertices } from "@slipway/ir";
import { describe, expect, test } from "vitest";
import { compileText, failureOf } from "../fake-bridge.test.support.ts";

const explicit = { options: { commit: "explicit" } };

/** Names of the vertices at which the image is committed. */
function committed(definition: Definition): readonly string[] {
  return walkVertices(definition.result)
    .filter(({ metadata }) => metadata.description[COMMIT_MARK] === "true")
    .map(({ metadata }) => metadata.description[CUSTOM_NAME]!);
}

const digests = (definition: Definition): readonly string[] =>
  walkVertices(definition.result).map(({ digest }) => digest);

describe("#!COMMIT", () => {
  const TEXT = `FROM alpine AS base
RUN one
RUN two
FROM base
COPY a /b
RUN three #!COMMIT
ENV A=1 #!COMMIT
WORKDIR /w
RUN four \\
  five #! commit
RUN six
USER me
`;

  test("commits at a line's end, at the end of what a stage is based on, and at the target's last step", async () => {
    const { definition, config } = await compileText(TEXT, explicit);
    expect(committed(definition)).toEqual([
      "[base 3/3] RUN two",
      "[stage-1 2/5] RUN three #!COMMIT",
      "[stage-1 4/5] RUN four   five #! commit",
      "[stage-1 5/5] RUN six",
    ]);
    expect(
      config!.history!.map(({ created_by, empty_layer }) => `${empty_layer ? " " : "*"} ${created_by}`),
    ).toEqual([
      "* base",
      "  RUN /bin/sh -c one # buildkit",
      "* RUN /bin/sh -c two # buildkit",
      "  COPY a /b # buildkit",
      "* RUN /bin/sh -c three #!COMMIT # buildkit",
      "  ENV A=1",
      "  WORKDIR /w",
      "* RUN /bin/sh -c four   five #! commit # buildkit",
      "* RUN /bin/sh -c six # buildkit",
      "  USER me",
    ]);
  });

  test("is a comment without the option, and the steps are the same ones", async () => {
    const implicit = await compileText(TEXT);
    expect(committed(implicit.definition)).toEqual([]);
    expect(implicit.config!.history!.filter(({ empty_layer }) => !empty_layer)).toHaveLength(8);
    expect(digests((await compileText(TEXT, explicit)).definition)).toEqual(digests(implicit.definition));
  });

  test("without any, all steps of the target are one layer", async () => {
    const { definition } = await compileText("FROM alpine\nRUN a\nRUN b\nRUN c", explicit);
    expect(committed(definition)).toEqual(["[4/4] RUN c"]);
  });

  test.each([
    ["COPY a /b #!COMMIT", "COPY a /b"],
    ["WORKDIR /a   #!COMMIT\t", "WORKDIR /a"],
    ['RUN ["a", "b"] #!COMMIT', 'RUN ["a", "b"]'],
    ["RUN <<E #!COMMIT\nx\nE", "RUN <<E\nx\nE"],
    ["RUN <<E\nx #!COMMIT\nE", "RUN <<E\nx #!COMMIT\nE"],
    ["COPY a \\\n# between\n  /b #!COMMIT", "COPY a \\\n# between\n  /b"],
  ])("%j is %j with a mark", async (annotated, plain) => {
    const definition = (await compileText(`FROM scratch\n${annotated}\nRUN x`)).definition;
    expect(digests(definition)).toEqual(
      digests((await compileText(`FROM scratch\n${plain}\nRUN x`)).definition),
    );
  });

  test("inside a here-document it is the document's", async () => {
    const text = "FROM scratch\nRUN <<E\nx #!COMMIT\nE\nRUN y";
    expect(committed((await compileText(text, explicit)).definition)).toEqual(["[2/2] RUN y"]);
  });

  test("what was in a comment stays one", async () => {
    const text = "FROM scratch\nRUN x\n# not a mark #!COMMIT\nRUN y";
    expect(committed((await compileText(text, explicit)).definition)).toEqual(["[2/2] RUN y"]);
  });

  test("a mistake keeps its place", async () => {
    expect(await failureOf("FROM scratch\nWORKDIR /a #!COMMIT\nUSE me #!COMMIT")).toMatch(/^3:1-3 /);
  });

  test("the option is implicit or explicit", async () => {
    expect(await failureOf("FROM scratch", { options: { commit: "x" } })).toBe(
      '- OPTION_INVALID "x" is not a value of the option commit | It is implicit or explicit.',
    );
  });
});
