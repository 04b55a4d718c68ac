import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import type { SerializedError } from "vitest";
import type { Reporter, TestModule, TestSuite } from "vitest/node";
import type { SkippedTest, Totals } from "./totals.ts";

/** How a title says why a test is skipped; see `requires`. */
const REASON = /\[skipped: (?<reason>[^\]]+)\]/;

/** A vitest reporter that leaves one `Totals` file behind, whatever happened. */
export class TotalsReporter implements Reporter {
  readonly #project: string;
  readonly #file: string;

  constructor(project: string, file: string) {
    this.#project = project;
    this.#file = file;
  }

  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly SerializedError[]): void {
    const totals = collectTotals(this.#project, modules, unhandled);
    mkdirSync(path.dirname(this.#file), { recursive: true });
    writeFileSync(this.#file, `${JSON.stringify(totals, undefined, 2)}\n`);
  }
}

function collectTotals(
  project: string,
  modules: readonly TestModule[],
  unhandled: readonly SerializedError[],
): Totals {
  let passed = 0;
  const failures: string[] = [];
  const skipped: SkippedTest[] = [];
  // A hook or an import that throws fails no test of its own: its tests only count as skipped.
  const addErrors = (entity: TestModule | TestSuite, title: string): void => {
    for (const error of entity.errors()) failures.push(`${title}: ${error.message}`);
  };
  for (const module of modules) {
    addErrors(module, module.relativeModuleId);
    for (const suite of module.children.allSuites())
      addErrors(suite, `${module.relativeModuleId} > ${suite.fullName}`);
    for (const test of module.children.allTests()) {
      const title = `${module.relativeModuleId} > ${test.fullName}`;
      const result = test.result();
      if (result.state === "passed") passed++;
      else if (result.state === "failed") failures.push(title);
      else {
        const reason =
          (result.state === "skipped" ? result.note : undefined) ?? REASON.exec(title)?.groups?.["reason"];
        skipped.push(reason === undefined ? { title } : { title, reason });
      }
    }
  }
  for (const error of unhandled) failures.push(`outside of tests: ${error.message}`);
  return { project, passed, failed: failures.length, failures, skipped };
}
