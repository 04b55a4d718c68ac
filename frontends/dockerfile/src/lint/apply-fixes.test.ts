import { InputError } from "@slipway/oci";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { compileText } from "../fake-bridge.test.support.ts";
import { applyEdits, fixText } from "./apply-fixes.ts";
import { lint } from "./lint.ts";

const KEEPS_MEANING = [
  "StageNameCasing",
  "FromAsCasing",
  "NoEmptyContinuation",
  "ConsistentInstructionCasing",
  "LegacyKeyValueFormat",
  "RedundantTargetPlatform",
  "ExposeProtoCasing",
  "MaintainerDeprecated",
];

/** Instructions in the ways in which people write them, mistakes that rules mend included. */
const keyword = (name: string) =>
  fc.constantFrom(name, name.toLowerCase(), name[0]! + name.slice(1).toLowerCase());
const join = (...parts: fc.Arbitrary<string>[]) => fc.tuple(...parts).map((texts) => texts.join(""));
const words = fc.array(fc.constantFrom("a", "b-c", "d=1", "$PATH", "x  y", "#z", "é", ":"), {
  minLength: 1,
  maxLength: 4,
});
const value = words.map((list) => list.join(" "));
const continuation = fc.constantFrom(" ", " \\\n  ", " \\\n\n  ", " \\\n# note\n\n\t\n ", " \\ \n\n");
const line = fc.oneof(
  join(keyword("ENV"), fc.constant(" "), fc.constantFrom("K", "L"), continuation, value),
  join(keyword("ENV"), fc.constant(" K="), fc.constantFrom('"a b"', "$L", "c")),
  join(keyword("LABEL"), continuation, fc.constantFrom("l"), fc.constant(" "), value),
  join(
    keyword("EXPOSE"),
    fc.constant(" "),
    fc.constantFrom("80/TCP", "80/tcp 81/Udp", "90-91/TCP", '"82/TCP"'),
  ),
  join(keyword("RUN"), continuation, fc.constantFrom("echo $K", "make && \\\n\n make install")),
  join(keyword("WORKDIR"), fc.constant(" /w")),
  join(keyword("MAINTAINER"), fc.constant(" "), fc.constantFrom("Jo <jo@example.com>", 'the "boss"', "$K")),
  join(keyword("COPY"), fc.constant(" a"), continuation, fc.constantFrom("/b/", "/c/")),
  join(keyword("USER"), fc.constant(" me")),
  fc.constantFrom("# a note", "", "  ", "# check=skip=ExposeProtoCasing"),
);
const stage = (index: number) =>
  join(
    keyword("FROM"),
    fc.constantFrom(" ", " --platform=$TARGETPLATFORM "),
    fc.constant(index === 0 ? "alpine" : "Base0"),
    fc
      .constantFrom("", ` AS Base${index}`, ` as base${index}`, ` As BASE${index}`)
      .map((as) => as || ` AS base${index}`),
    fc.constant("\n"),
    fc.array(line, { maxLength: 8 }).map((lines) => lines.join("\n")),
    fc.constant("\n"),
  );
const file = fc.tuple(stage(0), stage(1)).map((stages) => stages.join("\n"));

async function compiled(text: string) {
  const result = await compileText(text).catch((error: unknown) => error as InputError);
  // What does not build must go on to fail in the same way.
  if (result instanceof InputError) return result.code;
  const { definition, config } = result;
  const { Env, ExposedPorts, User, WorkingDir } = config!.config!;
  return { digest: definition.result?.vertex.digest, Env, ExposedPorts, User, WorkingDir };
}

describe("fixing", () => {
  test("keeps the meaning: the same steps to the digest, and the same config", async () => {
    await fc.assert(
      fc.asyncProperty(file, async (text) => {
        const { text: fixed } = fixText(text, { only: KEEPS_MEANING });
        expect(await compiled(fixed)).toEqual(await compiled(text));
      }),
      { numRuns: 300 },
    );
  });

  test("a fixed text stays as it is, and has nothing left to fix", () => {
    fc.assert(
      fc.property(file, (text) => {
        const { text: fixed } = fixText(text);
        expect(fixText(fixed)).toEqual({ text: fixed, fixed: [] });
        expect(lint(fixed).filter(({ fix }) => fix !== undefined && !fix.unsure)).toEqual([]);
      }),
    );
  });

  test("labels of the old form keep their values", async () => {
    const text = 'FROM alpine\nLABEL one two  three\nLABEL a $PATH\nLABEL b it\'s\nLABEL c "d"\n';
    const { text: fixed } = fixText(text);
    expect(fixed).toBe('FROM alpine\nLABEL one="two  three"\nLABEL a=$PATH\nLABEL b it\'s\nLABEL c "d"\n');
    const valid = (each: string): string => each.replace("LABEL b it's\n", "");
    const labels = async (each: string) => (await compileText(valid(each))).config!.config!.Labels;
    expect(await labels(fixed)).toEqual(await labels(text));
  });

  test("everything else stays byte for byte: line ends, a byte-order mark, white space, comments", () => {
    const text =
      "\uFEFF# syntax=docker/dockerfile:1\r\n\r\nFROM   scratch   as base\t\r\n  # note\r\nCOPY\ta  /b\r\n";
    expect(fixText(text).text).toBe(text.replace(" as ", " AS "));
  });

  test("what the file silences is not mended", () => {
    const text =
      "# check=skip=FromAsCasing\nFROM scratch as A\n# check=skip=StageNameCasing\nFROM scratch as B\n";
    expect(fixText(text).text).toBe(text.replace("as A", "as a"));
  });

  test("guesses are left to people: did you mean, ADD that may unpack", () => {
    const text = "FROM scratch\nARG NAME=x\nADD dir /$NAM/$NAME/\n";
    expect(lint(text).filter(({ fix }) => fix?.unsure)).toHaveLength(2);
    expect(fixText(text).text).toBe(text);
  });

  test("-y is added where apt-get would ask", () => {
    const text =
      "FROM debian:trixie\nRUN apt-get update && \\\n    apt-get install \\\n      curl && apt-get -qq upgrade\n";
    expect(fixText(text).text).toBe(text.replace("install", "install -y"));
  });

  test("of edits that touch each other, the first is made", () => {
    const edit = (start: number, end: number, text: string) => [{ span: { start, end }, text }];
    expect(applyEdits("abcdef", [edit(0, 2, "X"), edit(1, 3, "Y"), edit(4, 4, "-")])).toBe("Xcd-ef");
  });
});
