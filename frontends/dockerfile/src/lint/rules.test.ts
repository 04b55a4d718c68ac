import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readIgnoreFile } from "../compile/load/dockerignore.ts";
import { createDockerfileParser } from "../syntax/parser.ts";
import type { LintFacts } from "./facts.ts";
import { fixText } from "./apply-fixes.ts";
import { lint } from "./lint.ts";
import { documentName } from "./rule.ts";
import { RULE_NAMES } from "./rule-names.ts";
import { BUILDKIT_RULES, RULES } from "./rules.ts";

const DOCUMENTS = path.resolve(import.meta.dirname, "../../../../docs/rules");

function documentOf(rule: string): string {
  return readFileSync(path.join(DOCUMENTS, `${documentName(rule)}.md`), "utf8");
}

/** The block of code behind `Bad:` or `Good:`. */
function example(document: string, title: "Bad" | "Good"): string {
  return new RegExp(`${title}:\n\n\`\`\`dockerfile\n([^]*?)\`\`\``).exec(document)![1]!;
}

function factsOf(document: string, text: string): LintFacts {
  const ignore = /```dockerignore\n([^]*?)```/.exec(document)?.[1];
  const problem = { file: ".dockerignore", problems: [] };
  // What the documents say of the image in words.
  const wrong = text.includes("example.com/tools:1.2");
  return {
    buildPlatform: "linux/amd64",
    ...(ignore === undefined
      ? {}
      : { ignore: { file: ".dockerignore", patterns: readIgnoreFile(ignore, problem) } }),
    ...(wrong
      ? {
          mismatches: [
            {
              image: "example.com/tools:1.2",
              stage: 0,
              at: text.indexOf("FROM"),
              wanted: "linux/amd64",
              found: "linux/arm64",
            },
          ],
        }
      : {}),
  };
}

describe.each(RULES.map((rule) => [rule.name, rule] as const))("%s", (name, rule) => {
  const document = documentOf(name);
  const rulesFor = (text: string): string[] =>
    lint(text, { facts: factsOf(document, text), also: rule.optIn ? [name] : [] }).map(
      (finding) => finding.rule,
    );

  test("its document's bad example breaks it and no other rule", () => {
    expect(new Set(rulesFor(example(document, "Bad")))).toEqual(new Set([name]));
  });

  test("its document's good example breaks no rule", () => {
    expect(rulesFor(example(document, "Good"))).toEqual([]);
  });

  test("a comment above the instruction silences it", () => {
    const bad = example(document, "Bad");
    // A directive's own comment would silence itself.
    if (rule.experimental || name === "UnknownCheckRule") return;
    const lines = new Set(
      lint(bad, { facts: factsOf(document, bad), also: [name] }).map(({ location }) => location.line),
    );
    let text = `#\n${bad}`;
    for (const line of [...lines].sort((a, b) => b - a)) {
      const all = text.split("\n");
      let at = line;
      while (at > 1 && !/^[A-Za-z]+ /.test(all[at]!)) at--;
      all.splice(at, 0, `# check=skip=${name}`);
      text = all.join("\n");
    }
    const facts = factsOf(document, text);
    expect(lint(text, { facts, also: rule.optIn ? [name] : [] }).map((finding) => finding.rule)).toEqual([]);
  });

  test("mends its bad example where it says that it can", () => {
    const bad = example(document, "Bad");
    const { text } = fixText(bad, { only: [name] });
    expect(text !== bad).toBe(rule.fixable === true);
    if (rule.fixable) expect(lint(text, { only: [name] })).toEqual([]);
  });
});

describe("the documents", () => {
  test("are one for each rule, and an index", () => {
    const expected = [...RULES.map(({ name }) => `${documentName(name)}.md`), "README.md"].sort();
    expect(readdirSync(DOCUMENTS).sort()).toEqual(expected);
  });

  test("the index lists each rule with what it asks for", () => {
    const index = readFileSync(path.join(DOCUMENTS, "README.md"), "utf8").replace(/ +/g, " ");
    for (const { name, description } of RULES)
      expect(index).toContain(`| [${name}](${documentName(name)}.md) | ${description} |`);
  });

  test.each(RULES.map((rule) => [rule.name, rule] as const))(
    "%s is named and described as in the code",
    (name, rule) => {
      const document = documentOf(name);
      expect(document.startsWith(`# ${name}\n\n${rule.description}.\n`)).toBe(true);
      expect(document.includes("BuildKit's rule")).toBe(rule.origin === "buildkit");
      expect(document.includes("off unless it is named")).toBe(rule.optIn === true);
      expect(document.includes("by every build")).toBe(rule.inBuild && !rule.optIn);
    },
  );
});

test("there are 22 rules of BuildKit's, under its addresses", () => {
  expect(BUILDKIT_RULES.map(({ url }) => url)).toEqual(
    BUILDKIT_RULES.map(({ name }) => `https://docs.docker.com/go/dockerfile/rule/${documentName(name)}/`),
  );
  expect(BUILDKIT_RULES).toHaveLength(22);
});

test("the names that rules know are those of all rules", () => {
  expect([...RULE_NAMES]).toEqual(RULES.map(({ name }) => name));
});

test("a file of 20,000 instructions is checked in time that grows with it", () => {
  const lines = (count: number): string =>
    `FROM scratch AS a\n${Array.from({ length: count }, (_, at) => `RUN echo $x ${at} && apt-get update\nENV k${at}=$k${at}`).join("\n")}`;
  const timed = (text: string): number => {
    const startedMs = performance.now();
    lint(text);
    return performance.now() - startedMs;
  };
  timed(lines(500));
  const small = timed(lines(1000));
  expect(timed(lines(10_000))).toBeLessThan(small * 60 + 500);
});

test("any text is checked without failing, and every finding is in the text", () => {
  const parser = createDockerfileParser();
  const piece = fc.oneof(
    fc.constantFrom(
      "FROM ", "from ", " AS ", "as", "scratch", "alpine", "ARG ", "ENV ", "COPY ", "ADD ", "RUN ", "LABEL ", "EXPOSE ", "USER ", "WORKDIR ",
      "CMD ", "ONBUILD ", "HEALTHCHECK ", "SHELL ", "VOLUME ", "MAINTAINER ", "--from=", "--platform=", "--mount=type=cache,", "--chown=", "target=/a",
      "$", "${", "}", ":-", "=", "\n", "\n\n", "\\\n", "#", "# check=skip=", "all", "<<E", "\nE\n", '["a", ', '"]', "'", '"', "/", ".", "*", "80/TCP",
      "apt-get install", "curl x | sh", "cd /a", " && ", "npm ci", "TOKEN", "é", "\u{1f600}", "\r\n", "\t", "0", "A", "B",
    ),
    fc.string({ maxLength: 4 }),
  ); // prettier-ignore
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
      const text = pieces.join("");
      const tree = parser.parse(text, { file: "Dockerfile", problems: [] });
      const also = RULES.map(({ name }) => name);
      const ignore = { file: ".dockerignore", patterns: ["*", "!a", "b/**", "[", "c?"] };
      for (const finding of lint(text, {
        tree,
        also,
        facts: { ignore, bases: { 0: { env: ["A=1"], args: ["B"], hasShell: false, hasWorkdir: false } } },
      })) {
        expect(finding.span.start).toBeGreaterThanOrEqual(0);
        expect(finding.span.end).toBeGreaterThanOrEqual(finding.span.start);
        expect(finding.span.end).toBeLessThanOrEqual(text.length);
        expect(finding.lines.length).toBeGreaterThan(0);
        for (const { span } of finding.fix?.edits ?? []) expect(span.end).toBeLessThanOrEqual(text.length);
      }
    }),
    { numRuns: 1000 },
  );
});
