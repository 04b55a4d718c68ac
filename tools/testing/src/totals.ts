/** A test that did not run. */
export interface SkippedTest {
  /** File (relative to the project), suites and test, joined with ` > `. */
  readonly title: string;
  /** Why; absent when the test does not say. */
  readonly reason?: string;
}

/** What one project's test run came to; the file that the totals reporter writes and `npm test` reads. */
export interface Totals {
  readonly project: string;
  readonly passed: number;
  /** Tests that failed, and one for each file, suite or process error that no test accounts for. */
  readonly failed: number;
  readonly failures: readonly string[];
  readonly skipped: readonly SkippedTest[];
}

/** Adds up; the project of the sum is "". */
export function sumTotals(all: readonly Totals[]): Totals {
  return {
    project: "",
    passed: all.reduce((sum, totals) => sum + totals.passed, 0),
    failed: all.reduce((sum, totals) => sum + totals.failed, 0),
    failures: all.flatMap((totals) => totals.failures.map((title) => `${totals.project}: ${title}`)),
    skipped: all.flatMap((totals) =>
      totals.skipped.map((test) => ({ ...test, title: `${totals.project}: ${test.title}` })),
    ),
  };
}

/** `N passed, N failed`, and `, N skipped` when there are any: the last line of `npm test`. */
export function totalsLine(totals: Totals): string {
  const skipped = totals.skipped.length > 0 ? `, ${totals.skipped.length} skipped` : "";
  return `${totals.passed} passed, ${totals.failed} failed${skipped}`;
}

/** Of a file with more tests than this that are skipped for one reason, their number is told instead of their titles. */
const MOST_TITLES = 3;

/** What was skipped, by reason and file: lines for people. */
export function skippedReport({ skipped }: Totals): readonly string[] {
  const byReason = Map.groupBy(skipped, ({ reason = "no reason given" }) => reason);
  return [...byReason].flatMap(([reason, tests]) => {
    const byFile = Map.groupBy(tests, ({ title }) => title.split(" > ", 1)[0]!);
    const lines = [...byFile].flatMap(([file, those]) =>
      those.length > MOST_TITLES
        ? [`  ${file} (${those.length} tests)`]
        : those.map(({ title }) => `  ${title.replace(/ \[skipped: .*?\]/, "")}`),
    );
    return [`\nSkipped (${reason}):`, ...lines];
  });
}

/** Checks what was read from a report file. @returns undefined when it is no report. */
export function parseTotals(text: string): Totals | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  const totals = value as Partial<Totals> | null;
  const valid =
    typeof totals?.project === "string" &&
    Number.isSafeInteger(totals.passed) &&
    Number.isSafeInteger(totals.failed) &&
    Array.isArray(totals.failures) &&
    Array.isArray(totals.skipped);
  return valid ? (totals as Totals) : undefined;
}
