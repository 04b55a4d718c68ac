import fs from "node:fs";
import { createDigester, InvariantError, WorldError, type Digest } from "@slipway/oci";
import type { BlobStore, BlobWriter } from "../contracts.ts";
import type { StoreLayout } from "../sessions/layout.ts";
import type { Session } from "../sessions/session.ts";
import { withWorldErrorsAsync } from "../syscalls/fs-errors.ts";

/** Blobs as files named by their digest; a file that is there is complete. */
export class FileBlobStore implements BlobStore {
  readonly #layout: StoreLayout;
  readonly #session: Session;
  /** Blobs that were there after they were leased. */
  readonly #held = new Set<Digest>();

  constructor(layout: StoreLayout, session: Session) {
    this.#layout = layout;
    this.#session = session;
  }

  has(digest: Digest): boolean {
    this.#session.lease(digest);
    const file = this.#layout.blob(digest);
    if (!fs.existsSync(file) && !(this.#held.has(digest) && comesBack(file))) return false;
    this.#held.add(digest);
    return true;
  }

  path(digest: Digest): string {
    if (this.has(digest)) return this.#layout.blob(digest);
    throw new WorldError("BLOB_NOT_FOUND", `blob ${digest} is not in the store`, {
      hint: "Build again: it is fetched or made anew.",
      retryable: true,
      data: { digest },
    });
  }

  create(): Promise<BlobWriter> {
    return Promise.resolve(
      new FileBlobWriter(this.#layout, this.#session, (digest) => this.#held.add(digest)),
    );
  }
}

/** How much is written between two syncs of a blob that is being made. */
const SYNC_EVERY_BYTES = 32 * 1024 * 1024;

class FileBlobWriter implements BlobWriter {
  readonly #layout: StoreLayout;
  readonly #session: Session;
  readonly #onCommit: (digest: Digest) => void;
  readonly #temporary: string;
  readonly #digester = createDigester();
  #opened: Promise<fs.promises.FileHandle> | undefined;
  #sizeBytes = 0;
  #syncedBytes = 0;
  #syncing: Promise<void> | undefined;
  #syncFailure: { readonly error: unknown } | undefined;
  #ended = false;

  constructor(layout: StoreLayout, session: Session, onCommit: (digest: Digest) => void) {
    this.#layout = layout;
    this.#session = session;
    this.#onCommit = onCommit;
    this.#temporary = session.temporaryPath();
  }

  async write(chunk: Uint8Array): Promise<void> {
    try {
      await this.#write(chunk);
    } catch (error) {
      await this.abort();
      throw error;
    }
  }

  async #write(chunk: Uint8Array): Promise<void> {
    if (this.#ended) throw new InvariantError("a blob that was committed or given up is written to");
    await withWorldErrorsAsync(this.#temporary, async () => {
      // Whoever gives up while it is being opened has to find it, too.
      this.#opened ??= fs.promises.open(this.#temporary, "wx", 0o600);
      const handle = await this.#opened;
      this.#digester.update(chunk);
      for (let done = 0; done < chunk.length;) {
        done += (await handle.write(chunk, done, chunk.length - done)).bytesWritten;
      }
      this.#sizeBytes += chunk.length;
      this.#syncAhead(handle);
    });
  }

  /**
   * Lets the disk work while the blob is still being made, instead of all at the end. A failure counts at the end: the
   * kernel tells a descriptor of it only once.
   */
  #syncAhead(handle: fs.promises.FileHandle): void {
    if (this.#syncing !== undefined || this.#sizeBytes - this.#syncedBytes < SYNC_EVERY_BYTES) return;
    this.#syncedBytes = this.#sizeBytes;
    this.#syncing = handle
      .datasync()
      .catch((error: unknown) => void (this.#syncFailure ??= { error }))
      .then(() => (this.#syncing = undefined));
  }

  async commit(expected?: Digest): Promise<{ digest: Digest; sizeBytes: number }> {
    try {
      await this.write(new Uint8Array(0));
      const digest = this.#digester.digest();
      if (expected !== undefined && digest !== expected) {
        throw new WorldError("BLOB_DIGEST_MISMATCH", `blob is ${digest}, it should be ${expected}`, {
          hint: "Try again; if it stays, the registry or a mirror serves a damaged blob.",
          retryable: true,
          data: { expected, actual: digest },
        });
      }
      this.#session.lease(digest);
      await withWorldErrorsAsync(this.#temporary, async () => {
        await this.#syncing;
        if (this.#syncFailure !== undefined) throw this.#syncFailure.error;
        const handle = await this.#opened!;
        await handle.datasync();
        await handle.close();
        fs.renameSync(this.#temporary, this.#layout.blob(digest));
        await syncFolder(this.#layout.blobs);
      });
      this.#ended = true;
      this.#onCommit(digest);
      return { digest, sizeBytes: this.#sizeBytes };
    } catch (error) {
      await this.abort();
      throw error;
    }
  }

  async abort(): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    await this.#syncing;
    await this.#opened?.then((handle) => handle.close()).catch(() => undefined);
    await fs.promises.rm(this.#temporary, { force: true });
  }
}

/** Who prunes takes a blob aside for the moment that it takes to look at the leases; a leased one is put back. */
function comesBack(file: string): boolean {
  for (let attempt = 0; attempt < 100; attempt++) {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2);
    if (fs.existsSync(file)) return true;
  }
  return false;
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await fs.promises.open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
