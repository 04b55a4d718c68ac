import fs from "node:fs";
import path from "node:path";
import { InvariantError } from "@slipway/oci";
import type { LayerId, SandboxRoot } from "@slipway/engine-sdk";
import type { MergedView, WritableRoot } from "../contracts.ts";
import { bytesOfText } from "../layer-index/byte-path.ts";
import type { DirEntry } from "../layer-index/entry.ts";
import type { DefaultLayerStore } from "../layers/default-layer-store.ts";
import { materialize } from "../layers/materialize.ts";
import { scanUpper } from "../layers/scan-upper.ts";
import type { Session } from "../sessions/session.ts";
import { worldErrorOf } from "../syscalls/fs-errors.ts";

export interface OverlayRootParts {
  readonly session: Session;
  readonly layers: DefaultLayerStore;
  /** Of the ref, without the offered mount points. */
  readonly view: MergedView;
  /** Topmost first. */
  readonly lowerdirs: readonly string[];
  readonly offered: ReadonlySet<string>;
}

/** WritableRoot over an upper folder in the session's temporary folder. */
export class OverlayRoot implements WritableRoot {
  readonly root: Extract<SandboxRoot, { kind: "overlay" }>;
  readonly #parts: OverlayRootParts;
  readonly #folder: string;
  readonly #rootBefore: DirEntry;
  #ended = false;

  private constructor(parts: OverlayRootParts, folder: string, rootBefore: DirEntry) {
    this.#parts = parts;
    this.#folder = folder;
    this.#rootBefore = rootBefore;
    const [upperdir, workdir] = [path.join(folder, "u"), path.join(folder, "w")];
    this.root = { kind: "overlay", lowerdirs: parts.lowerdirs, upperdir, workdir };
  }

  static async create(parts: OverlayRootParts, signal: AbortSignal): Promise<OverlayRoot> {
    const root = parts.view.lstat("" as DirEntry["path"])?.entry;
    if (root?.kind !== "dir") throw new InvariantError("the root of a ref is no folder");
    const overlay = new OverlayRoot(parts, parts.session.temporaryFolder(), root);
    try {
      fs.mkdirSync(overlay.root.upperdir);
      fs.mkdirSync(overlay.root.workdir);
      // The mounted root shows the upper folder's metadata, so that has to be the ref's.
      await materialize({ entries: [{ ...root, opaque: false }] }, bytesOfText(overlay.root.upperdir), {
        contentOf: () => ({ kind: "bytes", data: new Uint8Array(0) }),
        signal,
        allowHardlinks: false,
      });
      return overlay;
    } catch (error) {
      await overlay.discard();
      throw worldErrorOf(error, overlay.#folder);
    }
  }

  async commit(signal: AbortSignal): Promise<LayerId | null> {
    if (this.#ended) throw new InvariantError("a writable root ends once");
    this.#ended = true;
    const { session, layers, view, offered } = this.#parts;
    try {
      const { upperdir } = this.root;
      const scan = await scanUpper(bytesOfText(upperdir), {
        lower: view,
        offered,
        rootBefore: this.#rootBefore,
        signal,
      });
      return scan.index.entries.length === 0 ? null : layers.addUpper(scan.index, upperdir, scan.sizeBytes);
    } catch (error) {
      throw worldErrorOf(error, this.#folder);
    } finally {
      session.trash(this.#folder);
    }
  }

  discard(): Promise<void> {
    if (!this.#ended) this.#parts.session.trash(this.#folder);
    this.#ended = true;
    return Promise.resolve();
  }
}
