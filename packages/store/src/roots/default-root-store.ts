import type { LayerId, Ref } from "@slipway/engine-sdk";
import type { MergedView, MountPoint, RootStore, WritableRoot } from "../contracts.ts";
import type { DefaultLayerStore } from "../layers/default-layer-store.ts";
import type { Session } from "../sessions/session.ts";
import { flattenView } from "./flatten-view.ts";
import { misrepresentedFolders } from "./implied-folders.ts";
import { LayeredView, type ViewLayer } from "./layered-view.ts";
import { MountPointLayers } from "./mount-point-layer.ts";
import { OverlayRoot } from "./overlay-root.ts";

/** mount(2) takes a page of options with a NUL at its end; what else is in it beside lowerdirs is short. */
const LOWERDIRS_BYTES = 4095 - 512;
/** The kernel stacks at most 500. */
const MOST_LOWERDIRS = 400;
const MERGE_STEP = 32;

/** RootStore over the layer store. */
export class DefaultRootStore implements RootStore {
  readonly #session: Session;
  readonly #layers: DefaultLayerStore;
  readonly #mountPoints: MountPointLayers;
  #empty: string | undefined;

  constructor(session: Session, layers: DefaultLayerStore) {
    this.#session = session;
    this.#layers = layers;
    this.#mountPoints = new MountPointLayers(session);
  }

  async view(ref: Ref, signal: AbortSignal): Promise<MergedView> {
    const layers: ViewLayer[] = [];
    for (const id of ref.layers) layers.push({ id, index: await this.#layers.index(id, signal) });
    return new LayeredView(layers, this.#layers, signal);
  }

  async writable(
    ref: Ref,
    { mountPoints, signal }: { mountPoints: readonly MountPoint[]; signal: AbortSignal },
  ): Promise<WritableRoot> {
    const view = await this.view(ref, signal);
    const { offered, lowerdirs } = await this.#lowerdirsUnder(ref, { view, mountPoints, signal });
    return OverlayRoot.create(
      {
        session: this.#session,
        layers: this.#layers,
        view,
        offered,
        lowerdirs: lowerdirs.length === 0 ? [this.#emptyFolder()] : lowerdirs,
      },
      signal,
    );
  }

  async readonlyLowerdirs(ref: Ref, signal: AbortSignal): Promise<readonly string[]> {
    const view = await this.view(ref, signal);
    const { lowerdirs } = await this.#lowerdirsUnder(ref, { view, mountPoints: [], signal });
    return lowerdirs.length === 0 ? [this.#emptyFolder()] : lowerdirs;
  }

  /** Trees of the layers, topmost first, below what makes the mounted root the ref's. */
  async #lowerdirsUnder(
    ref: Ref,
    {
      view,
      mountPoints,
      signal,
    }: { view: MergedView; mountPoints: readonly MountPoint[]; signal: AbortSignal },
  ): Promise<{ readonly offered: ReadonlySet<string>; readonly lowerdirs: readonly string[] }> {
    const lower = await this.#lowerdirs(ref.layers, signal);
    const indexes = await Promise.all(ref.layers.map((id) => this.#layers.index(id, signal)));
    const repeat = misrepresentedFolders(indexes, view);
    const { offered, tree } = await this.#mountPoints.offer(view, { mountPoints, repeat }, signal);
    return { offered, lowerdirs: tree === undefined ? lower : [tree, ...lower] };
  }

  /** Trees of the layers, topmost first; so many of the lowest ones merged that the rest fits into mount options. */
  async #lowerdirs(layers: readonly LayerId[], signal: AbortSignal): Promise<string[]> {
    const shown = await this.#visible(layers, signal);
    for (let merged = 0; ; merged += MERGE_STEP) {
      const rest =
        merged === 0 ? shown : [await this.#merge(shown.slice(0, merged), signal), ...shown.slice(merged)];
      const trees: string[] = [];
      for (const id of rest.toReversed()) trees.push(await this.#layers.tree(id, signal));
      if (fits(trees) || merged + MERGE_STEP > shown.length) return trees;
    }
  }

  /**
   * The layers that are to be mounted, base first. overlayfs refuses (ELOOP) to have a folder twice; all that a layer
   * holds is in its topmost occurrence. Empty layers, of which every step that changes nothing has one, show nothing.
   */
  async #visible(layers: readonly LayerId[], signal: AbortSignal): Promise<LayerId[]> {
    const topmost: LayerId[] = [];
    for (const id of new Set(layers.toReversed())) {
      if ((await this.#layers.index(id, signal)).entries.length > 0) topmost.push(id);
    }
    return topmost.reverse();
  }

  async #merge(layers: readonly LayerId[], signal: AbortSignal): Promise<LayerId> {
    const view = await this.view({ layers }, signal);
    return this.#layers.addMerged(layers, () => flattenView(view), signal);
  }

  #emptyFolder(): string {
    return (this.#empty ??= this.#session.temporaryFolder());
  }
}

function fits(trees: readonly string[]): boolean {
  if (trees.length > MOST_LOWERDIRS) return false;
  // Colons, commas and backslashes are escaped, at most twice over.
  const escaped = trees.map((tree) => Buffer.byteLength(tree) + 2 * (tree.match(/[:,\\]/g)?.length ?? 0) + 1);
  return escaped.reduce((sum, length) => sum + length, 0) <= LOWERDIRS_BYTES;
}
