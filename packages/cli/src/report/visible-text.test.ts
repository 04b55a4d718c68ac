import { InputError } from "@slipway/oci";
import { expect, test } from "vitest";
import { errorReport } from "./error-report.ts";
import { visibleText } from "./visible-text.ts";
import { warningReport } from "./warning-report.ts";

test("characters that a terminal obeys are shown instead, one for one", () => {
  expect(visibleText("a\x1b[31m\x07\r\x7f\x9b\u202eb\n\tc é")).toBe("a␛[31m␇␍␡\ufffd\ufffdb\n\tc é");
});

test("a build file cannot write to the terminal by its mistakes", () => {
  const evil = "\x1b]0;title\x07\x1b[2J";
  const location = { file: "Dockerfile", line: 1, column: 1, endColumn: 8, excerpt: `${evil} x` };
  const others = [{ message: evil, hint: evil, location }];
  const error = new InputError("INSTRUCTION_UNKNOWN", `unknown instruction ${evil}`, {
    hint: evil,
    location,
    data: { others },
  });
  const report = errorReport(error, { debug: true });
  expect(report).toContain("ERROR: unknown instruction ␛]0;title␇␛[2J");
  const warnings = warningReport([{ severity: "warning", code: "X", message: evil, hint: evil }]);
  expect([...(report + warnings)].filter((character) => character < " " && character !== "\n")).toEqual([]);
});
