import fs from "node:fs";
import path from "node:path";
import { InvariantError, randomName } from "@slipway/oci";
import { tryLock, type ProcessLock } from "../locks/process-lock.ts";
import { withWorldErrors } from "../syscalls/fs-errors.ts";
import type { StoreLayout } from "./layout.ts";

/**
 * What one open store holds: a folder for its temporary files, and leases that keep others from pruning what it uses.
 * Alive as long as its lock is held; when the process dies, the next one to open the store clears up after it.
 */
export class Session {
  readonly id: string;
  readonly #layout: StoreLayout;
  readonly #lock: ProcessLock;
  readonly #leased = new Set<string>();
  #leaseFd: number | undefined;
  #counter = 0;

  constructor(layout: StoreLayout) {
    this.#layout = layout;
    this.id = randomName(10);
    fs.mkdirSync(layout.session(this.id));
    this.#lock = lockNew(layout.sessionLock(this.id));
    try {
      fs.mkdirSync(layout.sessionTmp(this.id));
    } catch (error) {
      this.end();
      throw error;
    }
  }

  /**
   * Keeps layers (`lease(id)`) and blobs (`lease(digest)`) from being pruned until the session ends. Call it before
   * looking whether the thing is there: who prunes looks at the leases after taking it away from view.
   */
  lease(name: string): void {
    if (this.#leased.has(name)) return;
    this.#leased.add(name);
    this.#leaseFd ??= fs.openSync(this.#layout.sessionLeases(this.id), "a", 0o600);
    fs.writeSync(this.#leaseFd, `${name}\n`);
  }

  /** A path on the store's filesystem at which there is nothing yet. */
  temporaryPath(): string {
    return path.join(this.#layout.sessionTmp(this.id), (this.#counter++).toString(36));
  }

  temporaryFolder(): string {
    const folder = this.temporaryPath();
    withWorldErrors(folder, () => fs.mkdirSync(folder, 0o700));
    return folder;
  }

  /** Moves a file or folder out of the way, quickly; it is deleted later. Where it is now; undefined if it was gone. */
  trash(victim: string): string | undefined {
    const target = path.join(this.#layout.trash, `${this.id}-${(this.#counter++).toString(36)}`);
    try {
      fs.renameSync(victim, target);
      return target;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
      return undefined;
    }
  }

  /** Ends the session; temporary files that are left go to the trash. */
  end(): void {
    if (this.#leaseFd !== undefined) fs.closeSync(this.#leaseFd);
    this.#leaseFd = undefined;
    const temporary = this.#layout.sessionTmp(this.id);
    if (!removeFolder(temporary, [])) this.trash(temporary);
    // The lock goes last: until then nobody else clears up here.
    const gone = this.trash(this.#layout.session(this.id));
    this.#lock.release();
    // At once, or the next process would start threads for it.
    if (gone !== undefined) removeFolder(gone, fs.readdirSync(gone));
  }
}

/** Removes a folder with these files in it; false when it holds more. What stays is cleared up later. */
function removeFolder(folder: string, names: readonly string[]): boolean {
  try {
    for (const name of names) fs.unlinkSync(path.join(folder, name));
    fs.rmdirSync(folder);
    return true;
  } catch {
    return false;
  }
}

/** What all live sessions have leased, this one's included. */
export function leasedNames(layout: StoreLayout): Set<string> {
  const names = new Set<string>();
  for (const id of fs.readdirSync(layout.sessions)) {
    let text: string;
    try {
      text = fs.readFileSync(layout.sessionLeases(id), "latin1");
    } catch {
      continue;
    }
    if (!isDead(layout, id)) for (const name of text.split("\n")) if (name !== "") names.add(name);
  }
  return names;
}

/** Clears up after processes that died: their temporary files and leases. Costs next to nothing when there are none. */
export function clearDeadSessions(layout: StoreLayout, mine: Session): void {
  for (const id of fs.readdirSync(layout.sessions)) {
    if (id === mine.id || !isDead(layout, id)) continue;
    mine.trash(layout.sessionTmp(id));
    // Moved, not removed in place: another process may be looking at its lock at this moment.
    mine.trash(layout.session(id));
  }
}

/** Longer than a build that finds everything in the cache: threads that delete would take a good part of its time. */
const TRASH_DELAY_MS = 250;

/** Deletes what is in the trash as soon as it is clear that there is time for it. Ends when it is done, or told to. */
export function emptyTrashSoon(layout: StoreLayout, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const begin = (): void => {
      signal.removeEventListener("abort", stop);
      resolve(emptyTrash(layout, signal).catch(() => undefined));
    };
    const timer = setTimeout(begin, TRASH_DELAY_MS).unref();
    const stop = (): void => {
      clearTimeout(timer);
      resolve();
    };
    signal.addEventListener("abort", stop, { once: true });
  });
}

/** Deletes what is in the trash, in the background; what a killed process leaves is deleted by the next. */
export async function emptyTrash(layout: StoreLayout, signal: AbortSignal): Promise<void> {
  for (const name of fs.readdirSync(layout.trash)) {
    if (signal.aborted) return;
    await removeGently(Buffer.from(path.join(layout.trash, name)), signal).catch(() => undefined);
  }
}

/** `rm -r` that stops soon when it is told to, and opens folders that their owner has shut (overlayfs's work folder). */
async function removeGently(file: Buffer, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  const { chmod, lstat, readdir, rmdir, unlink } = fs.promises;
  if (!(await lstat(file)).isDirectory()) return unlink(file);
  await chmod(file, 0o700);
  for (const name of await readdir(file, { encoding: "buffer" })) {
    if (signal.aborted) return;
    await removeGently(Buffer.concat([file, Buffer.from("/"), name]), signal);
  }
  await rmdir(file);
}

/** Somebody who looks for dead sessions may hold a new lock for a moment. */
function lockNew(file: string): ProcessLock {
  for (let attempt = 0; attempt < 200; attempt++) {
    const lock = tryLock(file, "exclusive");
    if (lock !== null) return lock;
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
  }
  throw new InvariantError(`the lock of a new session is taken: ${file}`);
}

function isDead(layout: StoreLayout, id: string): boolean {
  // A folder without a lock file is a session between two steps of its start, or of its end.
  if (!fs.existsSync(layout.sessionLock(id))) return olderThanAMinute(layout.session(id));
  const lock = tryLock(layout.sessionLock(id), "exclusive");
  lock?.release();
  return lock !== null && !startedJustNow(layout.sessionLock(id));
}

function olderThanAMinute(file: string): boolean {
  return Date.now() - (fs.statSync(file, { throwIfNoEntry: false })?.ctimeMs ?? Date.now()) > 60_000;
}

/** Between creating the lock file and locking it there is a moment; nobody takes that long. */
function startedJustNow(file: string): boolean {
  return Date.now() - (fs.statSync(file, { throwIfNoEntry: false })?.birthtimeMs ?? 0) < 500;
}
