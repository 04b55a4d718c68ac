// What `npm test` runs: every project's tests through Nx (cached, two at a time), then one line of totals.
// Further arguments go to Nx: `npm test -- -p @slipway/oci`.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync, rmSync } from "node:fs";
import path from "node:path";
import { projectsWithTests } from "./projects-with-tests.ts";
import { parseTotals, skippedReport, sumTotals, totalsLine, type Totals } from "./totals.ts";

const workspace = path.resolve(import.meta.dirname, "../../..");
const reports = path.join(workspace, ".test-results");
const nx = path.join(workspace, "node_modules/nx/dist/bin/nx.js");
const requireAll = process.env["SLIPWAY_REQUIRE_ALL"] === "1";

async function main(): Promise<number> {
  const args = process.argv.slice(2);
  const env = {
    ...process.env,
    NX_TUI: "false",
    NX_DAEMON: process.env["CI"] ? "false" : process.env["NX_DAEMON"],
  };
  const selected = await projectsWithTests({ nx, workspace, args, env });
  // Nx brings a report back when it takes a result from its cache; any other one is of an earlier run.
  rmSync(reports, { recursive: true, force: true });
  const child = spawn(
    process.execPath,
    [nx, "run-many", "-t", "test", "--parallel=2", "--nxBail=false", "--output-style=static", ...args],
    { cwd: workspace, env, stdio: ["ignore", "inherit", "inherit"] },
  );
  const [nxStatus] = (await once(child, "exit")) as [number | null];

  const totals = selected.map((project) => readReport(project));
  const sum = sumTotals(totals);
  if (selected.length === 0) console.log("\nNo project has tests: nothing was checked.");
  for (const line of skippedReport(sum)) console.log(line);
  if (sum.failures.length > 0)
    console.log(`\nFailed:\n${sum.failures.map((title) => `  ${title}`).join("\n")}`);
  if (nxStatus !== 0 && sum.failed === 0)
    console.log(`\nNx ended with status ${nxStatus} although no test failed.`);
  if (requireAll && sum.skipped.length > 0)
    console.log("\nSLIPWAY_REQUIRE_ALL=1 allows no test to be skipped.");
  console.log(`\n${totalsLine(sum)}`);
  const good =
    nxStatus === 0 && sum.failed === 0 && selected.length > 0 && !(requireAll && sum.skipped.length > 0);
  return good ? 0 : 1;
}

function readReport(project: string): Totals {
  const file = path.join(reports, `${project}.json`);
  const totals = existsSync(file) ? parseTotals(readFileSync(file, "utf8")) : undefined;
  return totals ?? { project, passed: 0, failed: 1, failures: ["its tests left no report"], skipped: [] };
}

process.exitCode = await main();
