import fs from "node:fs";
import path from "node:path";
import { digestHex, type Digest } from "@slipway/oci";
import { makeFolders } from "../syscalls/make-folders.ts";

/** Enough for the database to note that things go. */
const RESERVE_BYTES = 1024 * 1024;

/**
 * Where things are below the store's root. Trees are in `l/` under short names because overlayfs takes its options
 * in one page.
 *
 *     store.db        rows for layers, blobs of layers, and results by key
 *     blobs/          content by digest
 *     indexes/        one file a layer
 *     l/              one folder a layer, in overlayfs form
 *     cache-mounts/   one folder for each cache mount, with its lock beside it
 *     contexts/       remembered digests of host files
 *     sessions/ tmp/  one folder for each process that has the store open
 *     trash/          what is to be deleted
 *     reserve         room that is given up when the disk is full, so that pruning can begin
 */
export class StoreLayout {
  readonly root: string;
  readonly database: string;
  readonly blobs: string;
  readonly indexes: string;
  readonly trees: string;
  readonly cacheMounts: string;
  readonly contexts: string;
  readonly sessions: string;
  readonly tmp: string;
  readonly trash: string;
  readonly #reserve: string;

  constructor(root: string) {
    this.root = path.resolve(root);
    const below = (name: string) => path.join(this.root, name);
    this.database = below("store.db");
    this.blobs = below("blobs/sha256");
    this.indexes = below("indexes");
    this.trees = below("l");
    this.cacheMounts = below("cache-mounts");
    this.contexts = below("contexts");
    this.sessions = below("sessions");
    this.tmp = below("tmp");
    this.trash = below("trash");
    this.#reserve = below("reserve");
  }

  blob(digest: Digest): string {
    return `${this.blobs}/${digestHex(digest)}`;
  }
  index(layer: string): string {
    return `${this.indexes}/${layer}`;
  }
  tree(short: string): string {
    return `${this.trees}/${short}`;
  }
  session(id: string): string {
    return `${this.sessions}/${id}`;
  }
  sessionLock(id: string): string {
    return `${this.sessions}/${id}/lock`;
  }
  sessionLeases(id: string): string {
    return `${this.sessions}/${id}/leases`;
  }
  sessionTmp(id: string): string {
    return `${this.tmp}/${id}`;
  }

  /** Takes the reserve when it is not there; without room for it there is none. */
  reserve(): void {
    if (fs.existsSync(this.#reserve)) return;
    try {
      fs.writeFileSync(this.#reserve, Buffer.alloc(RESERVE_BYTES), { mode: 0o600 });
    } catch {
      fs.rmSync(this.#reserve, { force: true });
    }
  }

  /** Frees the reserve; false when there was none. */
  giveUpReserve(): boolean {
    const there = fs.existsSync(this.#reserve);
    fs.rmSync(this.#reserve, { force: true });
    return there;
  }

  /** Makes the folders that are missing. */
  create(): void {
    // The last one made tells that all are there.
    if (fs.existsSync(this.trash)) return;
    for (const folder of [
      this.root,
      this.blobs,
      this.indexes,
      this.trees,
      this.cacheMounts,
      this.contexts,
      this.sessions,
      this.tmp,
    ]) {
      makeFolders(folder, 0o700);
    }
    makeFolders(this.trash, 0o700);
  }
}
