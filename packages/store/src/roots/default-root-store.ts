import { chainOf, type LayerChain, type LayerId, type Ref } from "@slipway/engine-sdk";
import type { MergedView, MountPoint, RootStore, WritableRoot } from "../contracts.ts";
import type { DefaultLayerStore } from "../layers/default-layer-store.ts";
import type { Session } from "../sessions/session.ts";
import { flattenView } from "./flatten-view.ts";
import { misrepresentedFolders } from "./implied-folders.ts";
import { linkLayer, type LayerLink } from "./layer-links.ts";
import { LayeredView } from "./layered-view.ts";
import { MountPointLayers } from "./mount-point-layer.ts";
import { OverlayRoot } from "./overlay-root.ts";

/** mount(2) takes a page of options with a NUL at its end; what else is in it beside lowerdirs is short. */
const LOWERDIRS_BYTES = 4095 - 512;
/** The kernel stacks at most 500. */
const MOST_LOWERDIRS = 400;
const MERGE_STEP = 32;
/** Layers that the merged one may take the place of: its path may be longer than theirs. */
const ROOM_FOR_MERGED = 4;

/** RootStore over the layer store. */
export class DefaultRootStore implements RootStore {
  readonly #session: Session;
  readonly #layers: DefaultLayerStore;
  readonly #mountPoints: MountPointLayers;
  #empty: string | undefined;
  #links = new WeakMap<LayerChain, LayerLink>();
  /** `homes` of the layer store when the first of the links was made: since then contents may have moved. */
  #linkedHomes = 0;

  constructor(session: Session, layers: DefaultLayerStore) {
    this.#session = session;
    this.#layers = layers;
    this.#mountPoints = new MountPointLayers(session);
  }

  async view(ref: Ref, signal: AbortSignal): Promise<MergedView> {
    return new LayeredView(await this.#linksOf(chainOf(ref), signal), this.#layers, signal);
  }

  /** Each step's view is that of the step before and one link more. */
  async #linksOf(chain: LayerChain | undefined, signal: AbortSignal): Promise<LayerLink | undefined> {
    const { homes } = this.#layers;
    if (homes !== this.#linkedHomes) this.#links = new WeakMap();
    this.#linkedHomes = homes;
    const links = this.#links;
    const missing: LayerChain[] = [];
    let at = chain;
    for (; at !== undefined && !links.has(at); at = at.below) missing.push(at);
    let link = at && links.get(at);
    for (const next of missing.reverse()) {
      link = linkLayer(next, await this.#layers.index(next.layer, signal), link);
      links.set(next, link);
    }
    return link;
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
    const trees: string[] = [];
    const room = new LowerdirRoom();
    let hasRoom = true;
    for (const id of shown.toReversed()) {
      // Of all of them, those that will be merged, too: a step's result lasts only when all below it does.
      const tree = await this.#layers.tree(id, signal);
      hasRoom &&= room.take(tree);
      if (hasRoom) trees.push(tree);
    }
    if (trees.length === shown.length) return trees;
    // In whole steps, so that the next steps find the merged layer made.
    const rest = Math.max(0, trees.length - ROOM_FOR_MERGED);
    const merged = Math.min(shown.length, Math.ceil((shown.length - rest) / MERGE_STEP) * MERGE_STEP);
    const bottom = await this.#layers.tree(await this.#merge(shown.slice(0, merged), signal), signal);
    return [...trees.slice(0, shown.length - merged), bottom];
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

/** What is left of the one page that mount(2) takes, and of the layers that the kernel stacks. */
class LowerdirRoom {
  #count = 0;
  #bytes = 0;

  /** False when there is no room for one more. */
  take(tree: string): boolean {
    // Colons, commas and backslashes are escaped, at most twice over.
    this.#bytes += Buffer.byteLength(tree) + 2 * (tree.match(/[:,\\]/g)?.length ?? 0) + 1;
    return ++this.#count <= MOST_LOWERDIRS && this.#bytes <= LOWERDIRS_BYTES;
  }
}
