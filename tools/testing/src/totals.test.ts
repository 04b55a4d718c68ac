import { expect, test } from "vitest";
import { parseTotals, skippedReport, sumTotals, totalsLine, type Totals } from "./totals.ts";

const one: Totals = { project: "a", passed: 3, failed: 0, failures: [], skipped: [] };
const two: Totals = {
  project: "b",
  passed: 1,
  failed: 1,
  failures: ["x > y"],
  skipped: [{ title: "z", reason: "needs root" }],
};

test("the line names skipped tests only when there are any", () => {
  expect(totalsLine(sumTotals([one]))).toBe("3 passed, 0 failed");
  expect(totalsLine(sumTotals([one, two]))).toBe("4 passed, 1 failed, 1 skipped");
});

test("a failure says which project it is of", () => {
  expect(sumTotals([one, two]).failures).toEqual(["b: x > y"]);
});

test("a report that is cut off or of another shape is no report", () => {
  const text = JSON.stringify(two);
  expect(parseTotals(text)).toEqual(two);
  expect(parseTotals(text.slice(0, -5))).toBeUndefined();
  expect(parseTotals(`{"numPassedTests":3}`)).toBeUndefined();
  expect(parseTotals("null")).toBeUndefined();
});

test("many tests of a file that lack the same are one line", () => {
  const skipped = ["a", "b", "c", "d"].map((name) => ({
    title: `src/x.test.ts > builds [skipped: needs root] > ${name}`,
    reason: "needs root",
  }));
  const other = { title: "src/y.test.ts > waits" };
  expect(skippedReport(sumTotals([{ ...two, skipped: [...skipped, other] }]))).toEqual([
    "\nSkipped (needs root):",
    "  b: src/x.test.ts (4 tests)",
    "\nSkipped (no reason given):",
    "  b: src/y.test.ts > waits",
  ]);
  expect(skippedReport({ ...two, skipped: skipped.slice(0, 1) })).toEqual([
    "\nSkipped (needs root):",
    "  src/x.test.ts > builds > a",
  ]);
});
