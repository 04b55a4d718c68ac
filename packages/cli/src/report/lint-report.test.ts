import { describe, expect, test } from "vitest";
import { readLintAnswer } from "./lint-answer.ts";
import { lintReport } from "./lint-report.ts";
import { sarifReport } from "./sarif-report.ts";
import { warningReport } from "./warning-report.ts";

const TEXT = "FROM scratch AS Base\nENV T=secret-token\nCOPY a /a\n";

const OURS = {
  warnings: [
    {
      ruleName: "StageNameCasing",
      description: "Names of stages are written in lower case",
      url: "https://example.org/stage-name-casing",
      detail: 'the stage name "Base" should be in lower case',
      location: { ranges: [{ start: { line: 1 }, end: { line: 1 } }] },
      severity: "warning",
      hint: "Write base.",
      position: { file: "Dockerfile", line: 1, column: 17, endLine: 1, endColumn: 20, excerpt: "FROM scratch AS Base", start: 16, end: 20 },
      fix: { title: "Rename the stage to base", edits: [{ span: { start: 16, end: 20 }, text: "base" }] },
    },
    {
      ruleName: "TokenInBuildFile",
      description: "A build file holds no tokens",
      url: "",
      detail: "ENV holds a token",
      location: { ranges: [{ start: { line: 2 }, end: { line: 2 } }] },
      severity: "error",
      position: { file: "Dockerfile", line: 2, column: 7, endLine: 2, endColumn: 18, excerpt: "ENV T=************", start: 27, end: 39 },
    },
  ],
  sources: [{ filename: "Dockerfile", data: Buffer.from(TEXT).toString("base64") }],
  buildError: { message: "COPY needs more", location: { ranges: [{ start: { line: 3 }, end: { line: 3 } }] } },
}; // prettier-ignore

/** As BuildKit answers: no exact places, no hints, null for none. */
const BUILDKITS = {
  warnings: [
    {
      ruleName: "StageNameCasing",
      description: "Stage names should be lowercase",
      url: "https://example.org/rule",
      detail: "Stage name 'Base' should be lowercase",
      location: { ranges: [{ start: { line: 1 }, end: { line: 1 } }] },
    },
  ],
  sources: OURS.sources,
};

describe("the report of a check", () => {
  test("shows each finding with the place, the hint and the lines, then mistakes, then how many", () => {
    expect(lintReport(readLintAnswer(JSON.stringify(OURS))))
      .toBe(`WARNING: StageNameCasing - https://example.org/stage-name-casing
the stage name "Base" should be in lower case
hint: Write base.
Dockerfile:1:17
--------------------
   1 | >>> FROM scratch AS Base
     |                     ^^^^
   2 |     ENV T=************
   3 |     COPY a /a
--------------------

WARNING: TokenInBuildFile
ENV holds a token
Dockerfile:2:7
--------------------
   1 |     FROM scratch AS Base
   2 | >>> ENV T=************
     |           ^^^^^^^^^^^^
   3 |     COPY a /a
--------------------

ERROR: COPY needs more
Dockerfile:3
--------------------
   1 |     FROM scratch AS Base
   2 |     ENV T=************
   3 | >>> COPY a /a
--------------------

Check complete, 1 error and 2 warnings found (1 of them can be mended with slipway check --fix).
`);
  });

  test("takes answers of other frontends, which know lines only", () => {
    const report = lintReport(readLintAnswer(JSON.stringify(BUILDKITS)));
    expect(report).toContain("Dockerfile:1\n--------------------\n   1 | >>> FROM scratch AS Base\n");
    expect(report).toMatch(/Check complete, 1 warning found\.\n$/);
    expect(lintReport(readLintAnswer('{"warnings":null,"sources":null}'))).toBe(
      "Check complete, no warnings found.\n",
    );
  });

  test("a masked line is masked where it is a neighbour, too", () => {
    const locations = [
      { file: "Dockerfile", line: 1, column: 17, endColumn: 20, excerpt: "FROM scratch AS Base" },
      { file: "Dockerfile", line: 2, column: 7, endColumn: 18, excerpt: "ENV T=************" },
    ];
    const warnings = locations.map((location, index) => ({
      severity: "warning" as const,
      code: `Rule${index}`,
      message: "no",
      location,
    }));
    const report = warningReport(warnings, () => TEXT);
    expect(report).toContain("ENV T=************");
    expect(report).not.toContain("secret-token");
  });
});

/** What the schema of SARIF 2.1.0 demands of the parts that are used here; paths of what is wrong. */
function sarifMistakes(log: Record<string, unknown>): string[] {
  const mistakes: string[] = [];
  const need = (condition: boolean, what: string): void => void (condition || mistakes.push(what));
  const isText = (value: unknown): boolean => typeof value === "string" && value !== "";
  const only = (value: object, known: string[], where: string): void => {
    for (const key of Object.keys(value)) need(known.includes(key), `${where}: unknown property ${key}`);
  };
  const positive = (value: unknown): boolean =>
    value === undefined || (Number.isInteger(value) && (value as number) >= 1);
  const region = (value: Record<string, unknown>, where: string): void => {
    only(value, ["startLine", "startColumn", "endLine", "endColumn"], where);
    for (const each of Object.values(value)) need(positive(each), `${where}: numbers start at 1`);
    const {
      startLine,
      startColumn,
      endLine = startLine,
      endColumn,
    } = value as Record<string, number | undefined>;
    need(endLine! >= startLine!, `${where}: ends before it starts`);
    if (endLine === startLine && endColumn !== undefined)
      need(endColumn >= startColumn!, `${where}: ends before it starts`);
  };
  only(log, ["$schema", "version", "runs"], "log");
  need(log["version"] === "2.1.0", "version");
  need(typeof log["$schema"] === "string" && URL.canParse(log["$schema"]), "$schema is a URI");
  for (const run of log["runs"] as Record<string, any>[]) {
    only(run, ["tool", "columnKind", "results"], "run");
    need(run["columnKind"] === "utf16CodeUnits" || run["columnKind"] === "unicodeCodePoints", "columnKind");
    const { driver } = run["tool"];
    only(driver, ["name", "semanticVersion", "informationUri", "rules"], "driver");
    need(isText(driver.name), "driver.name");
    need(URL.canParse(driver.informationUri), "informationUri");
    const ids = driver.rules.map((rule: Record<string, any>) => rule["id"]);
    need(new Set(ids).size === ids.length, "rules are unique");
    for (const rule of driver.rules) {
      only(rule, ["id", "name", "shortDescription", "helpUri", "defaultConfiguration"], "rule");
      need(isText(rule.id) && isText(rule.shortDescription.text), "rule texts");
      need(rule.helpUri === undefined || URL.canParse(rule.helpUri), "helpUri");
      need(["none", "note", "warning", "error"].includes(rule.defaultConfiguration.level), "rule level");
    }
    for (const result of run["results"]) {
      only(result, ["ruleId", "ruleIndex", "level", "message", "locations", "fixes"], "result");
      need(isText(result.message.text), "message.text");
      need(["none", "note", "warning", "error"].includes(result.level), "level");
      need(ids[result.ruleIndex] === result.ruleId, "ruleIndex is the rule's");
      for (const { physicalLocation } of result.locations) {
        need(isText(physicalLocation.artifactLocation.uri), "uri");
        need(!/[\\ ]/.test(physicalLocation.artifactLocation.uri), "uri is a URI reference");
        if (physicalLocation.region) region(physicalLocation.region, "region");
      }
      for (const fix of result.fixes ?? []) {
        need(fix.artifactChanges.length > 0, "artifactChanges");
        for (const change of fix.artifactChanges) {
          need(change.replacements.length > 0, "replacements");
          for (const replacement of change.replacements) region(replacement.deletedRegion, "deletedRegion");
        }
      }
    }
  }
  return mistakes;
}

describe("SARIF", () => {
  test.each([
    ["our answers", OURS],
    ["BuildKit's answers", BUILDKITS],
    ["no findings", { warnings: null, sources: [] }],
  ])("%s become a log that its schema takes", (_, answer) => {
    const log = JSON.parse(sarifReport(readLintAnswer(JSON.stringify(answer)), { uri: "docker/Dockerfile" }));
    expect(sarifMistakes(log)).toEqual([]);
  });

  test("places, levels and fixes are exact, and no line of the file is in it", () => {
    const text = sarifReport(readLintAnswer(JSON.stringify(OURS)), { uri: "docker/Dockerfile" });
    const [run] = JSON.parse(text).runs;
    expect(
      run.results.map(({ ruleId, level }: { ruleId: string; level: string }) => [ruleId, level]),
    ).toEqual([
      ["StageNameCasing", "warning"],
      ["TokenInBuildFile", "error"],
      ["BUILD_ERROR", "error"],
    ]);
    expect(run.results[0].locations[0].physicalLocation).toEqual({
      artifactLocation: { uri: "docker/Dockerfile" },
      region: { startLine: 1, startColumn: 17, endLine: 1, endColumn: 21 },
    });
    expect(run.results[0].fixes[0].artifactChanges[0].replacements).toEqual([
      {
        deletedRegion: { startLine: 1, startColumn: 17, endLine: 1, endColumn: 21 },
        insertedContent: { text: "base" },
      },
    ]);
    expect(text).not.toContain("secret-token");
  });

  test("a file's name is a URI: spaces and the like are escaped", () => {
    const log = sarifReport(readLintAnswer(JSON.stringify(OURS)), { uri: "my files/Docker file" });
    expect(sarifMistakes(JSON.parse(log))).toEqual([]);
  });
});

test("the time for a report grows with the findings, however long the file is", () => {
  const count = 20_000;
  const warnings = Array.from({ length: count }, (_, at) => ({
    ruleName: "Rule",
    description: "",
    url: "",
    detail: "d",
    location: { ranges: [{ start: { line: at + 1 }, end: { line: at + 1 } }] },
  }));
  const data = Buffer.from("RUN x y z\n".repeat(count)).toString("base64");
  const answer = readLintAnswer(JSON.stringify({ warnings, sources: [{ filename: "Dockerfile", data }] }));
  const startedMs = performance.now();
  expect(lintReport(answer)).toContain(`${count} warnings found`);
  // Cutting the file into lines for each finding took minutes.
  expect(performance.now() - startedMs).toBeLessThan(10_000);
});
