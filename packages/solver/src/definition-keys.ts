import { createVertex, type Edge, type ExecOp, type Op, type Vertex, walkVertices } from "@slipway/ir";
import { sha256, type Digest } from "@slipway/oci";

/**
 * Definition keys of a graph. Two vertices with equal keys do the same to the same inputs, as far as their
 * definitions tell: nothing has been solved to find out. Null where the definition does not tell: for and above a
 * local folder.
 */
export type DefinitionKeys = ReadonlyMap<Digest, Digest | null>;

/** Bump when what an op means changes, so that older results are not found any more. */
const KEY_VERSION = "slipway.definition-key.v2";

/**
 * Computes the definition keys of everything below `edge`, each vertex once.
 * @param pins what each source is pinned to, by vertex digest; see SolverHost.sourceKey.
 */
export function definitionKeys(edge: Edge, pins: ReadonlyMap<Digest, string | null>): DefinitionKeys {
  const keys = new Map<Digest, Digest | null>();
  for (const vertex of walkVertices(edge)) keys.set(vertex.digest, definitionKey(vertex, keys, pins));
  return keys;
}

/**
 * The vertices that ignore the cache, and all above them. They are not looked up by their definition keys, but recorded
 * under them: what is found later is the newest result.
 */
export function freshVertices(edge: Edge): ReadonlySet<Digest> {
  const fresh = new Set<Digest>();
  for (const vertex of walkVertices(edge)) {
    if (vertex.metadata.ignoreCache || vertex.inputs.some((input) => fresh.has(input.vertex.digest)))
      fresh.add(vertex.digest);
  }
  return fresh;
}

function definitionKey(
  vertex: Vertex,
  below: DefinitionKeys,
  pins: ReadonlyMap<Digest, string | null>,
): Digest | null {
  if (vertex.op.kind === "source") {
    const pin = pins.get(vertex.digest) ?? null;
    return pin === null ? null : sha256(`${KEY_VERSION}\nsource\n${pin}`);
  }
  const parts = [KEY_VERSION, opDigest(vertex)];
  for (const input of vertex.inputs) {
    const key = below.get(input.vertex.digest) ?? null;
    if (key === null) return null;
    parts.push(`${key}:${input.index}`);
  }
  return sha256(parts.join("\n"));
}

/** Vertices are immutable, and both kinds of keys want this of each. */
const opDigests = new WeakMap<Vertex, Digest>();

/** Digest of a vertex's op and constraints alone, without its inputs and without what must be in no key. */
export function opDigest(vertex: Vertex): Digest {
  let digest = opDigests.get(vertex);
  if (digest === undefined) {
    digest = createVertex({ op: keyedOp(vertex.op), inputs: [], constraints: vertex.constraints }).digest;
    opDigests.set(vertex, digest);
  }
  return digest;
}

// Proxies and the addresses of extra hosts change how a step reaches the network, not what it is meant to make.
function keyedOp(op: Op): Op {
  if (op.kind !== "exec") return op;
  const { proxyEnv: _proxyEnv, ...meta } = op.meta;
  const keyed: ExecOp = {
    ...op,
    meta: { ...meta, extraHosts: meta.extraHosts.map(({ host }) => ({ host, ip: "" })) },
  };
  return keyed;
}
