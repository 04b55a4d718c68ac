import { readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { readIgnoreFile } from "../compile/load/dockerignore.ts";
import type { LintFacts } from "./facts.ts";
import { lint } from "./lint.ts";
import { BUILDKIT_RULES } from "./rules.ts";

/** What BuildKit 0.30 found, as `Rule line,line`; recorded by asking it with `requestid=frontend.lint`. */
interface Recorded {
  readonly dockerfile: string;
  readonly files?: Readonly<Record<string, string>>;
  readonly options?: Readonly<Record<string, string>>;
  readonly expected: readonly string[];
}

const RECORDED = JSON.parse(
  readFileSync(path.join(import.meta.dirname, "testdata/buildkit-findings.json"), "utf8"),
) as readonly Recorded[];

/** Where Slipway differs, and why; by the text. `+` is found by Slipway alone, `-` by BuildKit alone. */
const DIFFERENCES: Readonly<
  Record<string, { readonly why: string; readonly difference: readonly string[] }>
> = {
  "FROM scratch\nCOPY a /b${foo:?}\n": {
    why: "the build fails there, with the same words",
    difference: ["-UndefinedVar 2"],
  },
  'FROM scratch\nLABEL "a b" c\n': {
    why: "the build fails there; BuildKit stops looking",
    difference: ["+LegacyKeyValueFormat 2"],
  },
  "FROM scratch\nEXPOSE 80/FOO\n": {
    why: "the build fails there; BuildKit stops looking",
    difference: ["+ExposeProtoCasing 2"],
  },
  "FROM scratch\nCOPY /a /\n": {
    why: "a slash in front does not take a file back into the context",
    difference: ["+CopyIgnoredFile 2"],
  },
  "FROM scratch\nCOPY a.txt b.txt /\n": {
    why: "a pattern that takes back one file does not take back another",
    difference: ["+CopyIgnoredFile 2"],
  },
  "FROM scratch AS x\n# check=skip=ConsistentInstructionCasing\ncopy x /\n": {
    why: "a comment above an instruction counts for every rule",
    difference: ["-ConsistentInstructionCasing 3"],
  },
  "FROM scratch AS x\n# check=skip=NoEmptyContinuation\nRUN x \\\n\n y\n": {
    why: "a comment above an instruction counts for every rule",
    difference: ["-NoEmptyContinuation 5"],
  },
  'FROM scratch AS x\n# check=skip=MultipleInstructionsDisallowed\nCMD ["x"]\nCMD ["y"]\n': {
    why: "a comment above the instruction at fault counts, too",
    difference: ["-MultipleInstructionsDisallowed 3"],
  },
  "# check=experimental=all\n\n# base is\n# check=skip=Foo\nFROM scratch AS base\n": {
    why: "a comment for the machine is no description",
    difference: ["-InvalidDefinitionDescription 5"],
  },
  "# check=experimental=all\n\n# foo\nFROM scratch AS base\n# check=skip=InvalidDefinitionDescription\n# bar\nARG foo\n":
    {
      why: "experimental rules can be silenced for one instruction",
      difference: ["-InvalidDefinitionDescription 7"],
    },
};

/** Directives that are wrong stop a build; what rules find beside them does not matter. */
const WRONG_DIRECTIVE = /^# (?:check=(?:error=true;|error=yes|error|foo=bar|skip)|CHECK = SKIP = \w+)\n/;

function factsOf({ files = {}, options = {} }: Recorded): LintFacts {
  const buildArgs = Object.fromEntries(
    Object.entries(options).flatMap(([key, value]) =>
      key.startsWith("build-arg:") ? [[key.slice("build-arg:".length), value]] : [],
    ),
  );
  const file = ["Dockerfile.dockerignore", ".dockerignore"].find((name) => files[name] !== undefined);
  if (file === undefined) return { buildArgs };
  return { buildArgs, ignore: { file, patterns: readIgnoreFile(files[file]!, { file, problems: [] }) } };
}

const NAMES = new Set(BUILDKIT_RULES.map(({ name }) => name));

describe("findings are BuildKit's", () => {
  test.each(RECORDED.map((recorded) => [JSON.stringify(recorded.dockerfile), recorded] as const))(
    "%s",
    (_, recorded) => {
      const found = lint(recorded.dockerfile, { facts: factsOf(recorded) })
        .filter(({ rule }) => NAMES.has(rule))
        .map(({ rule, lines }) => `${rule} ${lines.join(",")}`);
      if (WRONG_DIRECTIVE.test(recorded.dockerfile)) {
        expect(recorded.expected).toEqual([]);
        return;
      }
      const { difference = [] } = DIFFERENCES[recorded.dockerfile] ?? {};
      const expected = [
        ...recorded.expected.filter((finding) => !difference.includes(`-${finding}`)),
        ...difference.flatMap((each) => (each.startsWith("+") ? [each.slice(1)] : [])),
      ];
      expect(found.sort()).toEqual(expected.sort());
    },
  );

  test("every difference is one of the recorded cases, and still is one", () => {
    const texts = new Set(RECORDED.map(({ dockerfile }) => dockerfile));
    expect(Object.keys(DIFFERENCES).filter((text) => !texts.has(text))).toEqual([]);
  });

  test("every rule is among what was recorded but the one that needs an image", () => {
    const recorded = new Set(
      RECORDED.flatMap(({ expected }) => expected.map((finding) => finding.split(" ")[0])),
    );
    expect([...NAMES].filter((name) => !recorded.has(name))).toEqual(["InvalidBaseImagePlatform"]);
  });
});
