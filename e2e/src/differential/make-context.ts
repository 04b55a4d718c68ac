import { execFileSync } from "node:child_process";
import { chmodSync, linkSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import type { ContextFile, DifferentialCase } from "./differential-case.ts";

/** Writes a case's context into an empty folder, the Dockerfile included. */
export function makeContext(target: string, wanted: DifferentialCase, base: string): void {
  mkdirSync(target, { recursive: true });
  for (const [name, entry] of Object.entries(wanted.files ?? {})) {
    const place = path.join(target, name);
    mkdirSync(path.dirname(place), { recursive: true });
    make(target, place, typeof entry === "string" ? { kind: "file", content: entry } : entry);
    if (typeof entry !== "string" && "mode" in entry && entry.mode !== undefined)
      chmodSync(place, entry.mode);
  }
  if (wanted.prepare !== undefined)
    execFileSync("bash", ["-euc", wanted.prepare], { cwd: target, stdio: ["ignore", "ignore", "inherit"] });
  const text = wanted.dockerfile.replaceAll("$BASE", base);
  writeFileSync(path.join(target, "Dockerfile"), text, wanted.isBytes === true ? "latin1" : "utf8");
}

function make(root: string, place: string, entry: ContextFile): void {
  switch (entry.kind) {
    case "file":
      return writeFileSync(place, entry.content);
    case "dir":
      mkdirSync(place, { recursive: true });
      return;
    case "symlink":
      return symlinkSync(entry.target, place);
    case "hardlink":
      return linkSync(path.join(root, entry.target), place);
    case "fifo":
      execFileSync("mkfifo", [place]);
      return;
  }
}
