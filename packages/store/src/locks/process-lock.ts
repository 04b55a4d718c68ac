import fs from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import type { DatabaseSync } from "node:sqlite";

const SQLITE_BUSY = 5;
const SQLITE_CANTOPEN = 14;

/** A held lock; the kernel releases it when the process dies, however it dies. */
export interface ProcessLock {
  release(): void;
}

/**
 * Tries to lock a file (created when absent) against other processes and other holders in this one; null when it is
 * taken, or its folder has just gone. Shared locks exclude exclusive ones only.
 *
 * It is a lock of SQLite's, since Node has no flock and loading an FFI costs more than the lock: an open transaction
 * on an otherwise empty database holds it.
 */
export function tryLock(file: string, mode: "shared" | "exclusive"): ProcessLock | null {
  const { DatabaseSync } = createRequire(import.meta.url)("node:sqlite") as typeof import("node:sqlite");
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(file, { timeout: 0 });
    database.exec("PRAGMA journal_mode=MEMORY");
    if (mode === "exclusive") database.exec("BEGIN EXCLUSIVE");
    else database.exec("BEGIN; SELECT count(*) FROM sqlite_schema");
  } catch (error) {
    database?.close();
    // A folder that is being removed with its lock belongs to somebody else, too.
    if (resultCode(error) === SQLITE_BUSY || !fs.existsSync(path.dirname(file))) return null;
    // SQLite does not say why. Not the file itself: closing it would drop locks that this process has on it.
    if (resultCode(error) === SQLITE_CANTOPEN) fs.closeSync(fs.openSync(path.dirname(file), "r"));
    throw error;
  }
  let held: DatabaseSync | undefined = database;
  return {
    release() {
      held?.close();
      held = undefined;
    },
  };
}

function resultCode(error: unknown): number {
  // Extended codes keep the plain one in the low byte.
  return ((error as { errcode?: number }).errcode ?? 0) & 0xff;
}
