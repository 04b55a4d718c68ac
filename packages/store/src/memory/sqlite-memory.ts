import type { Digest } from "@slipway/oci";
import type { DerivedMemory } from "../contracts.ts";
import type { Database } from "../database/database.ts";

const MOST_BYTES = 1024 * 1024;
const MOST_ROWS = 1000;

/** DerivedMemory in the store's database. */
export class SqliteMemory implements DerivedMemory {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  get(owner: string, key: Digest): Uint8Array | undefined {
    const row = this.#database.get("SELECT value FROM memory WHERE owner = ? AND key = ?", owner, key);
    return row?.value instanceof Uint8Array ? row.value : undefined;
  }

  put(owner: string, key: Digest, value: Uint8Array): void {
    if (value.byteLength > MOST_BYTES) return;
    this.#database.transaction(() => {
      this.#database.run(
        "INSERT OR REPLACE INTO memory (owner, key, value, created_ms) VALUES (?, ?, ?, ?)",
        owner,
        key,
        value,
        Date.now(),
      );
      this.#database.run(
        "DELETE FROM memory WHERE rowid IN (SELECT rowid FROM memory ORDER BY created_ms DESC, rowid DESC LIMIT -1 OFFSET ?)",
        MOST_ROWS,
      );
    });
  }
}
