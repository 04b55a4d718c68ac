import { digestHex, sha256 } from "@slipway/oci";
import { chainOf, type LayerChain, type LayerId, type Ref } from "@slipway/engine-sdk";

/** Chains up to this length are named in keys layer by layer. */
const MOST_NAMED_LAYERS = 512;
/** Above this, an answer that is only compared is a digest. */
const MOST_COMPARED_LAYERS = 16;

const digests = new WeakMap<LayerChain, string>();
const isStable = new WeakMap<LayerChain, boolean>();

/**
 * What identifies a chain of layers in a key; undefined when a layer has no lasting id. Long chains, which no image may
 * have, are named by the digest of the chain below and the layer: naming all layers at every step would be work that
 * grows with the square of the steps.
 */
export function chainIdentity(ref: Ref, isVolatile: (id: LayerId) => boolean): string | undefined {
  const chain = chainOf(ref);
  const stable = along(chain, isStable, (below, layer) => (below ?? true) && !isVolatile(layer));
  if (stable === false) return undefined;
  if (chain === undefined || chain.length <= MOST_NAMED_LAYERS) return `chain ${ref.layers.join(",")}`;
  return `chain of ${chain.length} ${digestOf(chain)}`;
}

/** A digest of the layers of a ref, when they are many. */
export function longChainDigest(ref: Ref): string | undefined {
  const chain = chainOf(ref);
  return chain !== undefined && chain.length > MOST_COMPARED_LAYERS ? digestOf(chain) : undefined;
}

function digestOf(chain: LayerChain): string {
  return along(chain, digests, (below, layer) => digestHex(sha256(`${below ?? ""}\n${layer}`)))!;
}

/** A value for a chain from the one for what is below, each computed once. */
function along<Value>(
  chain: LayerChain | undefined,
  known: WeakMap<LayerChain, Value>,
  step: (below: Value | undefined, layer: LayerId) => Value,
): Value | undefined {
  const missing: LayerChain[] = [];
  let at = chain;
  for (; at !== undefined && !known.has(at); at = at.below) missing.push(at);
  let value = at && known.get(at);
  for (const link of missing.reverse()) known.set(link, (value = step(value, link.layer)));
  return value;
}
