import { createRequire } from "node:module";
import type { DatabaseSync } from "node:sqlite";
import { setTimeout as sleep } from "node:timers/promises";

const POLL_MS = 40;

/** A held lock; the kernel releases it when the process dies, however it dies. */
export interface ProcessLock {
  release(): void;
}

/**
 * Tries to lock a file (created when absent) against other processes and other holders in this one; null when it is
 * taken. Shared locks exclude exclusive ones only.
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
    if (isBusy(error)) return null;
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

/** Waits for the lock. @throws the signal's reason when aborted. */
export async function lock(file: string, mode: "shared" | "exclusive", signal: AbortSignal): Promise<ProcessLock> {
  for (;;) {
    signal.throwIfAborted();
    const held = tryLock(file, mode);
    if (held !== null) return held;
    await sleep(POLL_MS, undefined, { signal });
  }
}

function isBusy(error: unknown): boolean {
  // SQLITE_BUSY is 5; extended codes keep it in the low byte.
  return (((error as { errcode?: number }).errcode ?? 0) & 0xff) === 5;
}
