/** Names a layer in one store; opaque. The same id always means the same content and metadata. */
export type LayerId = string & { readonly __brand: "LayerId" };

/**
 * A filesystem: an ordered chain of layers, base first. Immutable, a value: two refs with equal layers are the same
 * filesystem. No layers mean an empty one.
 */
export interface Ref {
  readonly layers: readonly LayerId[];
}

export const EMPTY_REF: Ref = Object.freeze({ layers: Object.freeze([]) });
