import { describe, expect, test } from "vitest";
import { diagnose } from "../../diagnose.ts";
import { compileText, errorOf, failureOf, imageConfig } from "../../fake-bridge.test.support.ts";

const ON = "# slipway=include\n";
const inContext = (files: Record<string, string>) => ({ files: { context: files } });

/** The commands of the graph, and the labels of the image. */
async function compiled(text: string, input: Parameters<typeof compileText>[1]) {
  const { definition, config } = await compileText(text, input);
  const steps: string[] = [];
  for (let vertex = definition.result?.vertex; vertex !== undefined; vertex = vertex.inputs[0]?.vertex)
    if (vertex.op.kind === "exec") steps.unshift(vertex.op.meta.args.at(-1)!);
  return { steps, config: config!.config!, definition };
}

describe("INCLUDE", () => {
  test("puts a fragment of the context in its place", async () => {
    const { steps, config } = await compiled(
      `${ON}FROM alpine\nRUN one\nINCLUDE parts/middle.part\nRUN three\n`,
      inContext({ "parts/middle.part": "# about it\nRUN two \\\n  more\nLABEL from=part\n" }),
    );
    expect(steps).toEqual(["one", "two   more", "three"]);
    expect(config.Labels).toEqual({ from: "part" });
  });

  test("brings in whole stages, and ARG before the first of them", async () => {
    const { steps } = await compiled(
      `${ON}INCLUDE base\nFROM base\nRUN app\n`,
      inContext({ base: "ARG TAG=3.20\nFROM alpine:$TAG AS base\nRUN base\n" }),
    );
    expect(steps).toEqual(["base", "app"]);
  });

  test("gives arguments, which stand for the fragment's defaults and may use variables", async () => {
    const { config } = await compiled(
      `${ON}FROM alpine\nENV WHO=me\nINCLUDE f NAME="a b $WHO" OTHER='$x'\n`,
      inContext({ f: "ARG NAME=default\nARG OTHER THIRD=3\nLABEL name=$NAME other=$OTHER third=$THIRD\n" }),
    );
    expect(config.Labels).toEqual({ name: "a b me", other: "$x", third: "3" });
  });

  test("a --build-arg of that name goes before what INCLUDE gives, as before any default", async () => {
    const { config } = await compiled(`${ON}FROM alpine\nINCLUDE f NAME=a`, {
      ...inContext({ f: "ARG NAME\nLABEL name=$NAME" }),
      options: { "build-arg:NAME": "cli" },
    });
    expect(config.Labels).toEqual({ name: "cli" });
  });

  test("paths count from the root, and with ./ or ../ from the fragment", async () => {
    const { steps } = await compiled(
      `${ON}FROM alpine\nINCLUDE ./a/b/one`,
      inContext({
        "a/b/one": "INCLUDE ./two\nINCLUDE ../three\nINCLUDE /four\nINCLUDE a/b/two",
        "a/b/two": "RUN two",
        "a/three": "RUN three",
        four: "RUN four",
      }),
    );
    expect(steps).toEqual(["two", "three", "four", "two"]);
  });

  test("takes fragments of a git repository, which stay within it", async () => {
    const input = {
      files: {
        context: { other: "RUN wrong" },
        "git://h/a/b.git#v1": { "x/one": "RUN one\nINCLUDE other\n", other: "RUN other" },
      },
    };
    const { steps } = await compiled(`${ON}FROM alpine\nINCLUDE https://h/a/b.git#v1:x/one`, input);
    expect(steps).toEqual(["one", "other"]);
    expect(await failureOf(`${ON}FROM alpine\nINCLUDE https://h/a/b.git#v1:x/two`, input)).toBe(
      "3:9-34 INCLUDE_NOT_FOUND there is no file https://h/a/b.git#v1:x/two to include | " +
        "Paths count from the root of the build context (or repository, or image); with ./ in front, from the file itself.",
    );
  });

  test("takes fragments of an image, pinned by digest", async () => {
    const image = "docker.io/acme/parts:1";
    const { sha256 } = await import("@slipway/oci");
    const pinned = `docker-image://${image}@${sha256(new TextEncoder().encode(image))}`;
    const { steps } = await compiled(`${ON}FROM alpine\nINCLUDE docker-image://${image}//share/one`, {
      images: { [image]: imageConfig() },
      files: { [pinned]: { "share/one": "RUN one\nINCLUDE ./two", "share/two": "RUN two" } },
    });
    expect(steps).toEqual(["one", "two"]);
  });

  test("vertices know the file that their instruction is in", async () => {
    const { definition } = await compiled(`${ON}FROM alpine\nINCLUDE f\nRUN b`, inContext({ f: "\nRUN a" }));
    expect(
      definition.sources.map(({ filename, data }) => [filename, new TextDecoder().decode(data)]),
    ).toEqual([
      ["Dockerfile", `${ON}FROM alpine\nINCLUDE f\nRUN b`],
      ["f", "\nRUN a"],
    ]);
    const last = definition.result!.vertex;
    const place = (vertex: typeof last) =>
      definition.locations.get(vertex.digest)!.map(({ source, ranges }) => [source, ranges[0]!.start.line]);
    expect(place(last)).toEqual([[0, 4]]);
    const [included] = definition.locations.get(last.inputs[0]!.vertex.digest)!;
    expect(included!.includedFrom).toMatchObject({ source: 0, ranges: [{ start: { line: 3 } }] });
    expect(place(last.inputs[0]!.vertex)).toEqual([[1, 2]]);
  });
});

describe("mistakes", () => {
  test("in a fragment are told with its file, line and column and where it was included", async () => {
    const error = await errorOf(
      `${ON}FROM alpine\nRUNN x\nINCLUDE one\nRUN --nope x`,
      inContext({ one: "RUN a\nINCLUDE two\n", two: "\n  COPY x\nRUN <<E\n" }),
    );
    const all = [error, ...(error.data.others as { code: string; location: unknown }[])];
    const chain = (location: unknown): string => {
      const { file, line, column, includedFrom } = location as never as Record<string, never>;
      return `${file}:${line}:${column}${includedFrom === undefined ? "" : ` < ${chain(includedFrom)}`}`;
    };
    expect(all.map(({ code, location }) => `${code} ${chain(location)}`).sort()).toEqual([
      "FLAG_UNKNOWN Dockerfile:5:5",
      "HEREDOC_UNTERMINATED two:3:5 < one:2:1 < Dockerfile:4:1",
      "INSTRUCTION_ARGUMENTS two:2:8 < one:2:1 < Dockerfile:4:1",
      "INSTRUCTION_UNKNOWN Dockerfile:3:1",
    ]);
  });

  test("in what a fragment's variables make are told in the fragment", async () => {
    const error = await errorOf(`${ON}FROM alpine\nINCLUDE f`, inContext({ f: 'LABEL a="${X:?no X}"' }));
    expect(error.location).toMatchObject({ file: "f", line: 1, column: 10, includedFrom: { line: 3 } });
  });

  test.each([
    ["INCLUDE nope", "3:9-12 INCLUDE_NOT_FOUND there is no file nope to include"],
    ["INCLUDE ../x", '3:9-12 INCLUDE_OUTSIDE "../x" leads out of where fragments may come from'],
    ["INCLUDE a/../../x", '3:9-17 INCLUDE_OUTSIDE "a/../../x" leads out of where fragments may come from'],
    ["INCLUDE .", "3:9 INCLUDE_NOT_FOUND there is no file . to include"],
    ["INCLUDE", "3:1-7 INSTRUCTION_ARGUMENTS INCLUDE needs a source"],
    ["INCLUDE --x f", "3:9-11 FLAG_UNKNOWN INCLUDE has no flag --x"],
    ["INCLUDE $X", "3:9-10 INCLUDE_INVALID the source of INCLUDE takes no variables and no quotes"],
    ["INCLUDE f x", '3:11 INCLUDE_ARGUMENT INCLUDE cannot take "x"'],
    ["INCLUDE f NAEM=x", "3:11-14 INCLUDE_ARGUMENT f has no argument NAEM"],
    ["INCLUDE https://h/x", '3:9-19 INCLUDE_INVALID fragments cannot come from "https://h/x"'],
    [
      "INCLUDE https://h/x.git#v1",
      '3:9-26 INCLUDE_INVALID "https://h/x.git#v1" does not say which file of the repository',
    ],
    [
      "INCLUDE docker-image://x",
      '3:9-24 INCLUDE_INVALID "docker-image://x" does not say which file of which image',
    ],
    ["INCLUDE docker-image://x//y", "3:9-27 IMAGE_NOT_FOUND there is no image x"],
    [
      "INCLUDE escaped",
      "1:1 INCLUDE_INVALID escaped has ` as its escape character, the file that includes it \\",
    ],
    ["INCLUDE self", "1:9-12 INCLUDE_CIRCULAR fragments include each other in a circle: self → self"],
    ["INCLUDE deep/0", "1:9-12 INCLUDE_INVALID fragments include each other more than 10 deep"],
  ])("%s", async (line, expected) => {
    const files: Record<string, string> = {
      f: "ARG NAME=x",
      escaped: "# escape=`\nRUN x",
      self: "INCLUDE self",
    };
    for (let index = 0; index < 12; index++) files[`deep/${index}`] = `INCLUDE ./${index + 1}`;
    expect(await failureOf(`${ON}FROM alpine\n${line}\n`, inContext(files))).toContain(`${expected} | `);
  });

  test("fragments that multiply end in an error", async () => {
    const files: Record<string, string> = { "8": "RUN x" };
    for (let index = 0; index < 8; index++) files[index] = `INCLUDE ${index + 1}\n`.repeat(4);
    const error = await errorOf(`${ON}FROM alpine\nINCLUDE 0`, inContext(files));
    expect(error.message).toBe("more than 100 fragments are included");
  });

  test("without the directive INCLUDE is an unknown instruction, and the hint names the directive", async () => {
    expect(await failureOf("FROM alpine\nINCLUDE f", inContext({ f: "RUN x" }))).toBe(
      "2:1-7 INSTRUCTION_UNKNOWN unknown instruction INCLUDE | " +
        "Fragments are an extension of Slipway: turn it on by the line # slipway=include at the top of the file.",
    );
    expect(await failureOf("# a comment\n# slipway=include\nFROM alpine\nINCLUDE f")).toContain(
      "INSTRUCTION_UNKNOWN",
    );
    expect(await failureOf("# slipway=inculde\nFROM alpine")).toContain(
      'DIRECTIVE_INVALID the slipway directive knows no "inculde" | Did you mean include?',
    );
  });

  test("a diagnosis without I/O takes INCLUDE as it is", () => {
    const codes = (text: string) => diagnose(text).problems.map(({ code }) => code);
    expect(codes(`${ON}INCLUDE base\nRUN x\nRUN --nope y`)).toEqual(["FLAG_UNKNOWN"]);
    expect(codes(`${ON}FROM a\nINCLUDE f x`)).toEqual(["INCLUDE_ARGUMENT"]);
  });
});

test("the directive ends the directives, as the comment does that it is to Docker", () => {
  expect(diagnose("# slipway=include\n# escape=`\nFROM a").tree.escape).toBe("\\");
  expect(diagnose("# escape=`\n# slipway=include\nFROM a").tree.escape).toBe("`");
});
