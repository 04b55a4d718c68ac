import fs from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import type { DatabaseSync, StatementSync } from "node:sqlite";
import { worldErrorOf } from "../syscalls/fs-errors.ts";
import { SCHEMA, SCHEMA_VERSION } from "./schema.ts";

const BUSY_TIMEOUT_MS = 10_000;
const SQLITE_BUSY = 5;
const SQLITE_READONLY = 8;
const SQLITE_FULL = 13;
const SQLITE_CORRUPT = 11;
const SQLITE_NOTADB = 26;

type Value = string | number | bigint | null | Uint8Array;
export type Row = Record<string, Value>;

/**
 * The store's one database: WAL, shared by any number of processes. What it says is there, is there: rows are written
 * after what they name and deleted before it. With `synchronous=NORMAL` a power cut may lose the last rows (never
 * their consistency); a killed process loses nothing that was committed.
 */
export class Database {
  readonly #file: string;
  readonly #warn: (message: string) => void;
  readonly #statements = new Map<string, StatementSync>();
  #sqlite: DatabaseSync;
  #replacements = 0;

  constructor(file: string, warn: (message: string) => void) {
    this.#file = file;
    this.#warn = warn;
    this.#sqlite = this.#openOrReplace();
  }

  /** How often it was damaged and started anew, in this process. */
  get replacements(): number {
    return this.#replacements;
  }

  /** The first row, or undefined. */
  get(sql: string, ...values: Value[]): Row | undefined {
    return this.#guard((fresh) =>
      fresh ? undefined : (this.#prepare(sql).get(...values) as Row | undefined),
    );
  }

  all(sql: string, ...values: Value[]): Row[] {
    return this.#guard((fresh) => (fresh ? [] : (this.#prepare(sql).all(...values) as Row[])));
  }

  /** Number of rows that changed. */
  run(sql: string, ...values: Value[]): number {
    return this.#guard((fresh) => (fresh ? 0 : Number(this.#prepare(sql).run(...values).changes)));
  }

  /** All of `work` or nothing; writers of all processes one after another. */
  transaction<T>(work: () => T): T {
    this.run("BEGIN IMMEDIATE");
    try {
      const result = work();
      this.run("COMMIT");
      return result;
    } catch (error) {
      try {
        this.run("ROLLBACK");
      } catch {
        // SQLite has rolled back by itself (a full disk does that), or the database was replaced.
      }
      throw error;
    }
  }

  close(): void {
    this.#statements.clear();
    this.#sqlite.close();
  }

  #prepare(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = this.#sqlite.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }

  /** A broken cache makes a build slower, never failed: on damage the work is skipped once, as over an empty database. */
  #guard<T>(work: (fresh: boolean) => T): T {
    try {
      return work(false);
    } catch (error) {
      if (isDamage(error)) {
        this.#statements.clear();
        this.#sqlite.close();
        this.#sqlite = this.#replace(error);
        return work(true);
      }
      throw fromSqlite(error, this.#file);
    }
  }

  #openOrReplace(): DatabaseSync {
    try {
      return openDatabase(this.#file);
    } catch (error) {
      if (isDamage(error)) return this.#replace(error);
      throw fromSqlite(error, this.#file);
    }
  }

  #replace(cause: unknown): DatabaseSync {
    this.#replacements++;
    const aside = `${this.#file}.damaged-${Date.now().toString(36)}`;
    for (const suffix of ["", "-wal", "-shm"]) {
      if (fs.existsSync(this.#file + suffix)) fs.renameSync(this.#file + suffix, aside + suffix);
    }
    this.#warn(
      `the cache index ${this.#file} was damaged (${(cause as Error).message}); it was moved to ${path.basename(aside)} and starts anew`,
    );
    return openDatabase(this.#file);
  }
}

function openDatabase(file: string): DatabaseSync {
  const { DatabaseSync } = createRequire(import.meta.url)("node:sqlite") as typeof import("node:sqlite");
  const database = new DatabaseSync(file, { timeout: BUSY_TIMEOUT_MS });
  try {
    database.exec("PRAGMA synchronous=NORMAL");
    const version = (database.prepare("PRAGMA user_version").get() as { user_version: number }).user_version;
    if (version !== SCHEMA_VERSION) migrate(database, version);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

function migrate(database: DatabaseSync, version: number): void {
  if (version > SCHEMA_VERSION) {
    throw Object.assign(new Error(`written by a newer version (${version})`), { errcode: SQLITE_NOTADB });
  }
  // Two processes may open a new store together: the second finds the schema done once it has the write lock. Turning
  // WAL on does not wait by itself, so it is tried again.
  for (let attempt = 0; ; attempt++) {
    try {
      database.exec("PRAGMA journal_mode=WAL");
      break;
    } catch (error) {
      if (resultCode(error) !== SQLITE_BUSY || attempt > 200) throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10);
    }
  }
  database.exec("BEGIN IMMEDIATE");
  const now = (database.prepare("PRAGMA user_version").get() as { user_version: number }).user_version;
  if (now !== SCHEMA_VERSION) {
    // It is a cache: what an older version left is made anew, and its files are pruned as nobody's.
    const tables = database
      .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
      .all();
    for (const { name } of tables) database.exec(`DROP TABLE "${String(name)}"`);
    database.exec(`${SCHEMA}; PRAGMA user_version=${SCHEMA_VERSION}`);
  }
  database.exec("COMMIT");
}

function resultCode(error: unknown): number {
  return ((error as { errcode?: number }).errcode ?? 0) & 0xff;
}

/** An error of SQLite's as one of the world's; others unchanged. */
function fromSqlite(error: unknown, file: string): unknown {
  const code = resultCode(error);
  if (code === 0) return error;
  const errno =
    code === SQLITE_FULL || (code !== SQLITE_READONLY && isFull(file))
      ? "ENOSPC"
      : code === SQLITE_READONLY
        ? "EROFS"
        : "EIO";
  const message = `${file}: ${(error as Error).message}`;
  return worldErrorOf(Object.assign(new Error(message, { cause: error }), { code: errno }), file);
}

/** SQLite says "I/O error" when there is no room for its shared memory. */
function isFull(file: string): boolean {
  const { bavail, bsize } = fs.statfsSync(path.dirname(file));
  return bavail * bsize < 128 * 1024;
}

function isDamage(error: unknown): boolean {
  const code = resultCode(error);
  return code === SQLITE_CORRUPT || code === SQLITE_NOTADB;
}
