import fs from "node:fs";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { digestHex, InvariantError, sha256 } from "@slipway/oci";
import type { Ref } from "@slipway/engine-sdk";
import type { CacheMountLease, CacheMounts, RootStore } from "../contracts.ts";
import { bytesOfText } from "../layer-index/byte-path.ts";
import type { FileEntry } from "../layer-index/entry.ts";
import type { DefaultLayerStore } from "../layers/default-layer-store.ts";
import { materialize, type TreeContent } from "../layers/materialize.ts";
import { tryLock, type ProcessLock } from "../locks/process-lock.ts";
import { flattenView } from "../roots/flatten-view.ts";
import type { StoreLayout } from "../sessions/layout.ts";
import type { Session } from "../sessions/session.ts";
import { withWorldErrorsAsync, worldErrorOf } from "../syscalls/fs-errors.ts";

const POLL_MS = 50;
const MOST_SLOTS = 1_000;

type Request = Parameters<CacheMounts["acquire"]>[0];

/**
 * CacheMounts as folders `cache-mounts/<hash of id, base and subpath>/<slot>` with the id in `name` and a lock for each slot.
 * `shared` and `locked` use slot 0, with a shared and an exclusive lock; `private` takes the first slot that is free.
 */
export class FolderCacheMounts implements CacheMounts {
  readonly #layout: StoreLayout;
  readonly #session: Session;
  readonly #layers: DefaultLayerStore;
  readonly #roots: RootStore;

  constructor(layout: StoreLayout, parts: { session: Session; layers: DefaultLayerStore; roots: RootStore }) {
    this.#layout = layout;
    this.#session = parts.session;
    this.#layers = parts.layers;
    this.#roots = parts.roots;
  }

  acquire(request: Request, signal: AbortSignal): Promise<CacheMountLease> {
    const { id, owner, base, subpath = "" } = request;
    const identity = [
      ...(owner === undefined ? [] : [{ owner }]),
      ...[id, base.layers],
      ...(subpath === "" ? [] : [subpath]),
    ];
    const name = digestHex(sha256(JSON.stringify(identity))).slice(0, 20);
    const folder = path.join(this.#layout.cacheMounts, name);
    return withWorldErrorsAsync(folder, async () => {
      this.#session.lease(`c-${name}`);
      for (;;) {
        signal.throwIfAborted();
        fs.mkdirSync(folder, { recursive: true, mode: 0o700 });
        const slot = this.#lockSlot(folder, request.sharing);
        if (slot === undefined) {
          await sleep(POLL_MS, undefined, { signal });
          continue;
        }
        try {
          return await this.#open({ folder, slot, request }, signal);
        } catch (error) {
          slot.lock.release();
          throw error;
        }
      }
    });
  }

  #lockSlot(folder: string, sharing: Request["sharing"]): { number: number; lock: ProcessLock } | undefined {
    for (let number = 0; number < (sharing === "private" ? MOST_SLOTS : 1); number++) {
      const file = path.join(folder, `${number}.lock`);
      const lock = tryLock(file, sharing === "shared" ? "shared" : "exclusive");
      if (lock === null) continue;
      // Pruned between opening and locking: what was locked is no longer here.
      if (fs.existsSync(file)) return { number, lock };
      lock.release();
      return undefined;
    }
    return undefined;
  }

  async #open(
    at: { folder: string; slot: { number: number; lock: ProcessLock }; request: Request },
    signal: AbortSignal,
  ): Promise<CacheMountLease> {
    const { folder, slot, request } = at;
    const content = path.join(folder, String(slot.number));
    if (!fs.existsSync(content)) {
      const fresh = await this.#fresh(request.base, signal);
      fs.writeFileSync(path.join(folder, "name"), request.id);
      try {
        fs.renameSync(fresh, content);
      } catch (error) {
        // Another holder of the shared lock was first.
        if (!["EEXIST", "ENOTEMPTY"].includes((error as NodeJS.ErrnoException).code ?? "")) throw error;
        this.#session.trash(fresh);
      }
    }
    fs.utimesSync(path.join(folder, "name"), new Date(), new Date());
    return {
      path: path.join(content, request.subpath ?? ""),
      release: () => {
        slot.lock.release();
        return Promise.resolve();
      },
    };
  }

  async #fresh(base: Ref, signal: AbortSignal): Promise<string> {
    const folder = this.#session.temporaryFolder();
    try {
      const index =
        base.layers.length === 0 ? { entries: [] } : flattenView(await this.#roots.view(base, signal));
      for (const id of base.layers) await this.#layers.ensureContent(id, signal);
      await materialize(index, bytesOfText(folder), {
        contentOf: (entry) => this.#contentOf(base, entry),
        signal,
        allowHardlinks: false,
      });
      return folder;
    } catch (error) {
      this.#session.trash(folder);
      throw worldErrorOf(error, folder);
    }
  }

  #contentOf(base: Ref, entry: FileEntry): TreeContent {
    // A flattened index has no content of its own, so the layer that is named does not matter.
    const content = this.#layers.contentOf(base.layers[0]!, entry);
    if (content === undefined) throw new InvariantError(`no content for ${entry.path}`);
    return content;
  }
}
