/** Names a layer in one store; opaque. The same id always means the same content and metadata. */
export type LayerId = string & { readonly __brand: "LayerId" };

/**
 * A filesystem: an ordered chain of layers, base first. Immutable, a value: two refs with equal layers are the same
 * filesystem. No layers mean an empty one. Of a long chain `layers` is put together each time that it is read: what
 * is done at every step goes along `chainOf(ref)` instead.
 */
export interface Ref {
  readonly layers: readonly LayerId[];
}

/**
 * The layers of a ref from the top down. Refs that are made from each other share what they have in common, so that a
 * thousand steps hold a thousand links, and what is found out about a link once holds for all that is built on it.
 */
export interface LayerChain {
  /** Undefined for the lowest layer. */
  readonly below: LayerChain | undefined;
  readonly layer: LayerId;
  /** Layers from here down, this one included. */
  readonly length: number;
}

export const EMPTY_REF: Ref = Object.freeze({ layers: Object.freeze([]) });

/** Up to this many layers an array for each ref costs less than anything cleverer. */
const MOST_HELD_LAYERS = 64;

const chains = new WeakMap<Ref, LayerChain>();
const refs = new WeakMap<LayerChain, Ref>();

/** A filesystem with one layer more. */
export function extendRef(base: Ref, layer: LayerId): Ref {
  return refOf(extendChain(chainOf(base), layer));
}

/** A link on top of a chain; undefined is the empty one. */
export function extendChain(below: LayerChain | undefined, layer: LayerId): LayerChain {
  return { below, layer, length: (below?.length ?? 0) + 1 };
}

/** The chain of a ref, the same one each time; undefined for no layers. */
export function chainOf(ref: Ref): LayerChain | undefined {
  let chain = chains.get(ref);
  if (chain === undefined) {
    for (const layer of ref.layers) chain = extendChain(chain, layer);
    if (chain !== undefined) chains.set(ref, chain);
  }
  return chain;
}

/** The ref of a chain, the same one each time. */
export function refOf(chain: LayerChain | undefined): Ref {
  if (chain === undefined) return EMPTY_REF;
  let ref = refs.get(chain);
  if (ref === undefined) {
    ref =
      chain.length <= MOST_HELD_LAYERS
        ? { layers: layersOf(chain) }
        : {
            get layers() {
              return layersOf(chain);
            },
          };
    refs.set(chain, ref);
    chains.set(ref, chain);
  }
  return ref;
}

function layersOf(chain: LayerChain): readonly LayerId[] {
  const layers = new Array<LayerId>(chain.length);
  for (let at: LayerChain | undefined = chain; at !== undefined; at = at.below)
    layers[at.length - 1] = at.layer;
  return layers;
}
