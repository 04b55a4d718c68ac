import fc from "fast-check";
import { createVertex } from "./create-vertex.ts";
import type { ChownOpt, Constraints, FileAction, Mount, Op, UserOpt } from "./op.ts";
import type { Definition, Edge, Vertex, VertexLocation, VertexMetadata } from "./vertex.ts";
import { walkVertices } from "./walk.ts";

const text = fc.string({ unit: "grapheme", maxLength: 12 });
const index = fc.integer({ min: -1, max: 4 });
const mode = fc.integer({ min: -1, max: 0o7777 });
const id = fc.nat({ max: 0xffff_ffff });
const time = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
const int64 = fc.maxSafeInteger();
const texts = fc.array(text, { maxLength: 3 });
// Keys like "7" would move to the front in the objects of the generated code, which is no oracle for them then.
const key = text.filter((value) => !/^\d+$/.test(value));
const map = fc.dictionary(key, text, { maxKeys: 4 });
const bytes = fc.uint8Array({ maxLength: 300 }).map((data) => new Uint8Array(data));

/** A record whose `key` may be absent. */
function optional<T, K extends string>(key: K, value: fc.Arbitrary<T>): fc.Arbitrary<{ [P in K]?: T }> {
  return fc
    .option(value, { nil: undefined })
    .map((v) => (v === undefined ? {} : { [key]: v }) as { [P in K]?: T });
}

const user: fc.Arbitrary<UserOpt> = fc.oneof(
  fc.record({ kind: fc.constant("id" as const), id }),
  fc.record({ kind: fc.constant("name" as const), name: text, input: index }),
);
const owner: fc.Arbitrary<{ owner?: ChownOpt }> = optional(
  "owner",
  fc.tuple(optional("user", user), optional("group", user)).map(([u, g]) => ({ ...u, ...g })),
);

const mountBase = { dest: text, input: index, selector: text, readonly: fc.boolean() };
const secretOpts = { uid: id, gid: id, mode: id, optional: fc.boolean() };
const mount: fc.Arbitrary<Mount> = fc.oneof(
  fc.record({
    kind: fc.constant("bind" as const),
    ...mountBase,
    output: index,
    contentCache: fc.constantFrom("default" as const, "on" as const, "off" as const),
  }),
  fc.record({
    kind: fc.constant("cache" as const),
    ...mountBase,
    output: index,
    cacheId: text,
    sharing: fc.constantFrom("shared" as const, "private" as const, "locked" as const),
  }),
  fc.record({ kind: fc.constant("tmpfs" as const), ...mountBase, output: index, sizeBytes: int64 }),
  fc.record({
    kind: fc.constant("secret" as const),
    ...mountBase,
    output: fc.constant(-1),
    secretId: text,
    ...secretOpts,
  }),
  fc.record({
    kind: fc.constant("ssh" as const),
    ...mountBase,
    output: fc.constant(-1),
    sshId: text,
    ...secretOpts,
  }),
);

const copyAction = fc
  .tuple(
    fc.record({
      kind: fc.constant("copy" as const),
      input: index,
      secondaryInput: index,
      output: index,
      src: text,
      dest: text,
      mode,
      modeStr: text,
      followSymlink: fc.boolean(),
      dirCopyContents: fc.boolean(),
      attemptUnpack: fc.boolean(),
      createDestPath: fc.boolean(),
      allowWildcard: fc.boolean(),
      allowEmptyWildcard: fc.boolean(),
      timestampNs: time,
      includePatterns: texts,
      excludePatterns: texts,
      alwaysReplaceExistingDestPaths: fc.boolean(),
      requiredPaths: texts,
    }),
    owner,
  )
  .map(([action, o]) => ({ ...action, ...o }));

const action: fc.Arbitrary<FileAction> = fc.oneof(
  copyAction,
  fc
    .tuple(
      fc.record({
        kind: fc.constant("mkfile" as const),
        input: index,
        output: index,
        path: text,
        mode,
        data: bytes,
        timestampNs: time,
      }),
      owner,
    )
    .map(([a, o]) => ({ ...a, ...o })),
  fc
    .tuple(
      fc.record({
        kind: fc.constant("mkdir" as const),
        input: index,
        output: index,
        path: text,
        mode,
        makeParents: fc.boolean(),
        timestampNs: time,
      }),
      owner,
    )
    .map(([a, o]) => ({ ...a, ...o })),
  fc.record({
    kind: fc.constant("rm" as const),
    input: index,
    output: index,
    path: text,
    allowNotFound: fc.boolean(),
    allowWildcard: fc.boolean(),
  }),
  fc
    .tuple(
      fc.record({
        kind: fc.constant("symlink" as const),
        input: index,
        output: index,
        oldPath: text,
        newPath: text,
        timestampNs: time,
      }),
      owner,
    )
    .map(([a, o]) => ({ ...a, ...o })),
);

/** Any op with any values that fit its fields; what it refers to need not exist. */
export const arbitraryOp: fc.Arbitrary<Op> = fc.oneof(
  fc.record({ kind: fc.constant("source" as const), identifier: text, attrs: map }),
  fc.record({
    kind: fc.constant("exec" as const),
    meta: fc
      .tuple(
        fc.record({
          args: texts,
          env: texts,
          cwd: text,
          user: text,
          extraHosts: fc.array(fc.record({ host: text, ip: text }), { maxLength: 2 }),
          hostname: text,
          ulimit: fc.array(fc.record({ name: text, soft: int64, hard: int64 }), { maxLength: 2 }),
          cgroupParent: text,
          removeMountStubsRecursive: fc.boolean(),
          validExitCodes: fc.array(fc.integer({ min: -2, max: 255 }), { maxLength: 3 }),
        }),
        optional(
          "proxyEnv",
          fc.record({ httpProxy: text, httpsProxy: text, ftpProxy: text, noProxy: text, allProxy: text }),
        ),
      )
      .map(([meta, proxy]) => ({ ...meta, ...proxy })),
    mounts: fc.array(mount, { maxLength: 4 }),
    network: fc.constantFrom("unset" as const, "host" as const, "none" as const),
    security: fc.constantFrom("sandbox" as const, "insecure" as const),
    secretEnv: fc.array(fc.record({ id: text, name: text, optional: fc.boolean() }), { maxLength: 2 }),
    cdiDevices: fc.array(fc.record({ name: text, optional: fc.boolean() }), { maxLength: 2 }),
  }),
  fc.record({ kind: fc.constant("file" as const), actions: fc.array(action, { maxLength: 4 }) }),
  fc.record({ kind: fc.constant("merge" as const), inputs: fc.array(index, { maxLength: 4 }) }),
  fc.record({ kind: fc.constant("diff" as const), lower: index, upper: index }),
  fc.record({
    kind: fc.constant("build" as const),
    builder: fc.constant(-1),
    inputs: fc.dictionary(key, index, { maxKeys: 3 }),
    attrs: map,
  }),
);

const filled = fc.string({ unit: "grapheme", minLength: 1, maxLength: 6 });

export const arbitraryConstraints: fc.Arbitrary<Constraints> = fc
  .tuple(
    optional(
      "platform",
      fc
        .tuple(
          fc.record({ os: text, architecture: text }),
          optional("variant", filled),
          optional("osVersion", filled),
          optional("osFeatures", fc.array(text, { minLength: 1, maxLength: 2 })),
        )
        .map(([a, b, c, d]) => ({ ...a, ...b, ...c, ...d })),
    ),
    fc.record({ filter: texts }),
  )
  .map(([a, b]) => ({ ...a, ...b }));

const metadata: fc.Arbitrary<VertexMetadata> = fc
  .tuple(
    fc.record({
      ignoreCache: fc.boolean(),
      description: map,
      // As the codec orders them.
      caps: fc.uniqueArray(fc.stringMatching(/^[a-z.]{0,6}$/), { maxLength: 3 }).map((caps) => caps.sort()),
    }),
    optional("exportCache", fc.boolean()),
    optional("progressGroup", fc.record({ id: text, name: text, weak: fc.boolean() })),
  )
  .map(([a, b, c]) => ({ ...a, ...b, ...c }));

const int32 = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
const position = fc.record({ line: int32, character: int32 });

/** Any graph of up to eight vertices, each input leading to an earlier one, with source maps. */
export const arbitraryDefinition: fc.Arbitrary<Definition> = fc
  .tuple(
    fc.array(
      fc.record({
        op: arbitraryOp,
        constraints: arbitraryConstraints,
        metadata,
        inputs: fc.array(fc.record({ at: fc.nat(), index: fc.nat({ max: 5 }) }), { maxLength: 3 }),
      }),
      { maxLength: 8 },
    ),
    fc.array(fc.record({ filename: text, data: bytes, language: text }), { minLength: 1, maxLength: 3 }),
    fc.array(
      fc.array(
        fc.record({
          source: fc.nat(),
          ranges: fc.array(fc.record({ start: position, end: position }), { maxLength: 2 }),
        }),
        {
          minLength: 1,
          maxLength: 2,
        },
      ),
      { maxLength: 8 },
    ),
    fc.nat({ max: 3 }),
  )
  .map(([inits, sources, places, resultIndex]) => {
    const made: Vertex[] = [];
    for (const { op, constraints, metadata: about, inputs } of inits) {
      const edges: Edge[] = [];
      for (const input of inputs) {
        const vertex = made[input.at % made.length];
        if (vertex) edges.push({ vertex, index: input.index });
      }
      const vertex = createVertex({ op, constraints, metadata: about, inputs: edges });
      made.push(made.find((other) => other.digest === vertex.digest) ?? vertex);
    }
    const last = made.at(-1);
    if (!last) return { result: null, sources: [], locations: new Map() };
    const result = { vertex: last, index: resultIndex };
    const locations = new Map<Vertex["digest"], readonly VertexLocation[]>();
    for (const [i, vertex] of walkVertices(result).entries()) {
      const list = places[i];
      if (list) {
        locations.set(
          vertex.digest,
          list.map(({ source, ranges }) => ({ source: source % sources.length, ranges })),
        );
      }
    }
    return { result, sources, locations };
  });
