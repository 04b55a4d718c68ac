import { formatImageReference, InputError, InvariantError } from "@slipway/oci";
import type { Definition } from "@slipway/ir";
import type { Bridge, BridgeRef, Diagnostic, FileStat } from "@slipway/frontend-sdk";
import type { Ref } from "@slipway/engine-sdk";
import type { Solver } from "@slipway/solver";
import type { BuildSources } from "./build-sources.ts";
import type { ImageResolver } from "@slipway/sources";
import { bytesOfText, type Lookup, type Store, textOfBytes } from "@slipway/store";

/** A frontend gets no file larger than this at once. In bytes. */
const MAX_FILE_BYTES = 64 * 1024 * 1024;

export interface BridgeOptions {
  readonly store: Store;
  readonly solver: Solver;
  readonly images: ImageResolver;
  readonly meta: BuildSources["meta"];
  /** Whose memory the bridge gives. */
  readonly frontend: string;
  readonly signal: AbortSignal;
  /** Learns of definitions before they are solved, so that errors can name lines. */
  readonly onDefinition: (definition: Definition) => void;
  readonly onWarning: (diagnostic: Diagnostic) => void;
}

/** The bridge of one build, for frontends in this process. */
export function createBridge(options: BridgeOptions): Bridge {
  const { store, solver, images } = options;
  const definitions = new Map<string, Definition>();

  async function viewOf(handle: BridgeRef, signal: AbortSignal) {
    const definition = definitions.get(handle.id);
    if (!definition) throw new InvariantError(`the frontend asked for ${handle.id}, which no solve gave it`);
    const ref: Ref = await solver.solve(definition.result, signal);
    return store.roots.view(ref, signal);
  }

  return {
    async resolveImageConfig(name, { platform, signal = options.signal }) {
      const image = await images.resolve(name, platform, signal);
      return {
        ref: formatImageReference(image.reference),
        digest: image.reference.digest,
        config: image.config,
      };
    },
    resolveSourceMeta: (op, { platform, signal = options.signal }) => options.meta(op, platform, signal),
    solve(definition) {
      options.onDefinition(definition);
      const id = `ref-${definitions.size}`;
      definitions.set(id, definition);
      return Promise.resolve({ id });
    },
    async readFile(handle, path, { range, signal = options.signal } = {}) {
      const view = await viewOf(handle, signal);
      return view.readFile(bytesOfText(path), { ...range, maxBytes: MAX_FILE_BYTES });
    },
    async readDir(handle, path, { signal = options.signal } = {}) {
      const view = await viewOf(handle, signal);
      const resolved = view.resolve(bytesOfText(path));
      const entries = view.list(resolved.path);
      if (!entries) throw notFound(path);
      return entries.map((lookup) => statOf(lookup, nameIn(lookup, resolved.path)));
    },
    async statFile(handle, path, { signal = options.signal } = {}) {
      const { found } = (await viewOf(handle, signal)).resolve(bytesOfText(path));
      if (!found) throw notFound(path);
      return statOf(found, path);
    },
    memory: {
      get: (key) => Promise.resolve(store.memory.get(options.frontend, key)),
      put(key, value) {
        store.memory.put(options.frontend, key, value);
        return Promise.resolve();
      },
    },
    warn: options.onWarning,
  };
}

function notFound(path: string): InputError {
  return new InputError("FILE_NOT_FOUND", `"${path}" not found`, { data: { path } });
}

function nameIn(lookup: Lookup, folder: string): string {
  return textOfBytes(folder === "" ? lookup.entry.path : lookup.entry.path.slice(folder.length + 1));
}

function statOf({ entry, linked }: Lookup, path: string): FileStat {
  const named = linked ?? entry;
  if (named.kind === "hardlink") return { path, kind: "file", mode: 0, sizeBytes: 0 };
  const { mode } = named;
  const common = { path, mode, sizeBytes: 0, mtimeMs: Number(named.mtimeNs / 1_000_000n) };
  switch (named.kind) {
    case "file":
      return { ...common, kind: "file", sizeBytes: named.sizeBytes };
    case "dir":
      return { ...common, kind: "dir" };
    case "symlink":
      return { ...common, kind: "symlink", linkname: textOfBytes(named.target) };
    default:
      return { ...common, kind: "other" };
  }
}
