import { accessSync, constants, statSync } from "node:fs";
import path from "node:path";

/** What a test needs of the machine. */
export interface Requirements {
  /** The process runs as uid 0. */
  readonly root?: boolean;
  /** The process does not run as uid 0. */
  readonly notRoot?: boolean;
  /** Programs that must be on PATH, all of them. */
  readonly commands?: readonly string[];
  /** Lists of which one program each must be on PATH, for example `[["crun", "runc"]]`. */
  readonly anyCommandOf?: readonly (readonly string[])[];
  /** Absolute paths that must exist, for example `/dev/loop-control`. */
  readonly paths?: readonly string[];
  /** Further checks: the answer says what is missing, undefined that all is there. */
  readonly checks?: readonly (() => string | undefined)[];
}

/** Where a program is on PATH, or in the sbin folders that PATH often lacks. */
export function findCommand(name: string): string | undefined {
  const folders = [...(process.env["PATH"] ?? "").split(path.delimiter), "/usr/sbin", "/sbin"];
  for (const folder of folders) {
    const candidate = path.join(folder || ".", name);
    try {
      accessSync(candidate, constants.X_OK);
      if (statSync(candidate).isFile()) return candidate;
    } catch {
      // not in this folder
    }
  }
  return undefined;
}

/** What is missing for `requirements`, as one phrase: `needs root, skopeo`; undefined when nothing is. */
export function missingRequirement(requirements: Requirements): string | undefined {
  const missing: string[] = [];
  const uid = process.getuid?.();
  if (requirements.root === true && uid !== 0) missing.push("root");
  if (requirements.notRoot === true && uid === 0) missing.push("a user other than root");
  for (const command of requirements.commands ?? []) {
    if (findCommand(command) === undefined) missing.push(command);
  }
  for (const names of requirements.anyCommandOf ?? []) {
    if (!names.some((name) => findCommand(name) !== undefined)) missing.push(names.join(" or "));
  }
  for (const file of requirements.paths ?? []) {
    if (!statSync(file, { throwIfNoEntry: false })) missing.push(file);
  }
  for (const check of requirements.checks ?? []) {
    const answer = check();
    if (answer !== undefined) missing.push(answer);
  }
  return missing.length > 0 ? `needs ${missing.join(", ")}` : undefined;
}
