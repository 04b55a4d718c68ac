import { mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import type { Choice } from "./choice.ts";
import { findProgram } from "./find-program.ts";
import { findRuntimes } from "./find-runtimes.ts";

/** Changes with what a probe tries, so that what an older Slipway found out is not believed. */
const probeVersion = 1;

interface Remembered {
  readonly machine: string;
  readonly choices: Readonly<Record<string, Choice>>;
}

/** What was chosen before for `preferred`; undefined when nothing was, or anything has changed since. */
export function recallChoice(stateDir: string, preferred: string): Choice | undefined {
  const remembered = read(stateDir);
  return remembered?.machine === machine() ? remembered.choices[preferred] : undefined;
}

/** Keeps `choice` for the processes to come. Failing to is no failure: the next one tries again. */
export function rememberChoice(stateDir: string, preferred: string, choice: Choice): void {
  const before = read(stateDir);
  const now = machine();
  const remembered: Remembered = {
    machine: now,
    choices: { ...(before?.machine === now ? before.choices : {}), [preferred]: choice },
  };
  const temporary = `${file(stateDir)}.${process.pid}`;
  try {
    mkdirSync(stateDir, { recursive: true });
    writeFileSync(temporary, JSON.stringify(remembered));
    renameSync(temporary, file(stateDir));
  } catch {
    rmSync(temporary, { force: true });
  }
}

/** Forgets all choices. */
export function forgetChoice(stateDir: string): void {
  rmSync(file(stateDir), { force: true });
}

function file(stateDir: string): string {
  return path.join(stateDir, "probes.json");
}

function read(stateDir: string): Remembered | undefined {
  try {
    const value = JSON.parse(readFileSync(file(stateDir), "utf8")) as Partial<Remembered>;
    return typeof value.machine === "string" && typeof value.choices === "object"
      ? (value as Remembered)
      : undefined;
  } catch {
    return undefined;
  }
}

/** Everything that a choice depends on: the running kernel, the user, its mount namespace's programs. */
function machine(): string {
  const bootId = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
  const programs = [
    ...findRuntimes().map((runtime) => runtime.path),
    findProgram("unshare") ?? "no unshare",
  ].map((program) => {
    const stat = statSync(program, { bigint: true, throwIfNoEntry: false });
    return [program, String(stat?.ino), String(stat?.mtimeNs)];
  });
  const userNamespace = readFileSync("/proc/self/uid_map", "utf8").trim().replaceAll(/\s+/g, " ");
  const capabilities = /^CapEff:\s*(\w+)/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1];
  return JSON.stringify([probeVersion, bootId, process.getuid?.(), userNamespace, capabilities, programs]);
}
