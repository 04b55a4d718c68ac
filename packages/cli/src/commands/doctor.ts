import os from "node:os";
import type { DoctorReport } from "@slipway/engine";
import { EXIT_FAILED, EXIT_OK } from "../exit-status.ts";
import type { EngineFlags } from "../flags/build-flags.ts";
import { interruptible } from "../interrupt.ts";
import type { Host } from "../host.ts";
import { openEngine } from "./open-engine.ts";
import { writeAll } from "./write-output.ts";

export interface DoctorFlags extends EngineFlags {
  readonly json?: boolean;
}

/** `slipway doctor`: what this machine offers. The exit status is 1 when no sandbox works, since RUN can't then. */
export function doctorCommand(flags: DoctorFlags, io: Host): Promise<number> {
  return interruptible(io, async (signal) => {
    const engine = await openEngine(flags, io);
    try {
      const report = await engine.doctor(signal);
      const color = io.stdout.isTTY === true && !io.env["NO_COLOR"];
      await writeAll(
        io.stdout,
        flags.json ? `${JSON.stringify(report, undefined, 2)}\n` : formatDoctorReport(report, color),
      );
      return report.chosenSandbox === undefined ? EXIT_FAILED : EXIT_OK;
    } finally {
      await engine.close();
    }
  });
}

/** The report as a table for people. */
export function formatDoctorReport(report: DoctorReport, color: boolean): string {
  const paint = (text: string, code: number): string => (color ? `\x1b[${code}m${text}\x1b[0m` : text);
  const mark = (ok: boolean): string => (ok ? paint("✓", 32) : paint("✗", 31));
  const width = Math.max(
    8,
    ...report.sandboxes.map((probe) => probe.driver.length + 9),
    ...report.checks.map((check) => check.name.length),
  );
  const lines = [
    `slipway   ${report.version}`,
    `node      ${process.versions.node} on ${os.type()} ${os.release()} ${os.arch()}, ${os.availableParallelism()} processors`,
    `store     ${report.root}`,
    "",
    "Sandboxes for RUN",
  ];
  for (const probe of report.sandboxes) {
    const chosen = probe.driver === report.chosenSandbox;
    lines.push(
      `  ${mark(probe.available)} ${`${probe.driver}${chosen ? " (chosen)" : ""}`.padEnd(width)}  ${probe.reason}`,
    );
    for (const [name, value] of probe.details) lines.push(`    ${paint(`${name}: ${value}`, 2)}`);
  }
  if (report.why) lines.push(`  ${report.why}`);
  lines.push("", "Checks");
  for (const check of report.checks)
    lines.push(`  ${mark(check.ok)} ${check.name.padEnd(width)}  ${check.detail}`);
  return `${lines.join("\n")}\n`;
}
