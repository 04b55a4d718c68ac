import type { Bridge, BridgeRef } from "@slipway/frontend-sdk";
import { createVertex, CUSTOM_NAME } from "@slipway/ir";
import type { Platform } from "@slipway/oci";
import { problemError } from "../../problems.ts";
import { fragmentPlace, MAX_FRAGMENT_BYTES, type FragmentPlace } from "./fragment-place.ts";
import { gitSource, type GitReference } from "../sources/git-reference.ts";
import type { FragmentLoader, LoadedFragment } from "./include-fragments.ts";
import type { BuildFile } from "./load-build-file.ts";
import { decodeText } from "./decode-text.ts";
import { localVertex, readOptionalFile, solveVertex } from "../sources/local-source.ts";
import type { CompileOptions } from "../options.ts";
import { cleanPath, joinPath } from "../paths.ts";
import { shownAddress } from "../sources/shown-address.ts";
import { sourceVertex } from "../sources/source-vertex.ts";

/** Something that fragments are files of: the build context, a repository, an image. */
export interface FragmentRoot {
  /** What errors call a file of it. */
  label(path: string): string;
  /** Undefined when there is no such file. */
  read(path: string): Promise<Uint8Array | undefined>;
}

export interface FragmentScope {
  readonly bridge: Bridge;
  readonly options: CompileOptions;
  readonly file: BuildFile;
  /** For images. */
  readonly platform: Platform;
  readonly signal: AbortSignal;
}

/** Finds fragments. Each repository and image is asked for once. */
export class FragmentSources implements FragmentLoader<FragmentRoot> {
  readonly context: FragmentRoot;
  readonly #scope: FragmentScope;
  readonly #roots = new Map<string, FragmentRoot>();

  constructor(scope: FragmentScope) {
    this.#scope = scope;
    const { remote } = scope.file;
    const { contextSubdir } = scope.options;
    this.context =
      remote === undefined
        ? { label: (path) => path, read: (path) => this.#readContext(path) }
        : this.#lazyRoot(async () => solveVertex(scope.bridge, remote.whole.vertex, scope.signal), {
            prefix: contextSubdir,
            label: (path) => path,
          });
  }

  /**
   * Reads the file that an INCLUDE names.
   * @param from what the file with the INCLUDE is of
   * @throws InputError without a location: `INCLUDE_NOT_FOUND`, `INCLUDE_OUTSIDE`, `INCLUDE_INVALID`, and what
   * repositories and images fail by
   */
  async load(
    source: string,
    from: { readonly root: FragmentRoot; readonly folder: string },
  ): Promise<LoadedFragment<FragmentRoot>> {
    const place = fragmentPlace(source, from.folder);
    const { path: clean } = place;
    const root = this.#rootOf(place, from.root);
    const label = root.label(clean);
    const bytes = clean === "." ? undefined : await root.read(clean);
    if (bytes === undefined) {
      throw problemError({
        code: "INCLUDE_NOT_FOUND",
        message: `there is no file ${label} to include`,
        hint: "Paths count from the root of the build context (or repository, or image); with ./ in front, from the file itself.",
      });
    }
    if (bytes.length > MAX_FRAGMENT_BYTES) {
      throw problemError({
        code: "INCLUDE_INVALID",
        message: `${label} is longer than ${MAX_FRAGMENT_BYTES} bytes`,
        hint: "Fragments are parts of Dockerfiles: COPY is for data.",
      });
    }
    const { text, wrong } = decodeText(bytes);
    if (wrong !== undefined) {
      throw problemError({
        code: "INCLUDE_INVALID",
        message: `${label} is no UTF-8`,
        hint: "Save the file as UTF-8: iconv -f LATIN1 -t UTF-8 changes one that was written in Latin-1.",
      });
    }
    return { kind: "fragment", text, label, root, folder: cleanPath(`${clean}/..`) };
  }

  #rootOf(place: FragmentPlace, own: FragmentRoot): FragmentRoot {
    switch (place.kind) {
      case "path":
        return own;
      case "image":
        return this.#image(place.name);
      case "git":
        return this.#git(place.reference);
    }
  }

  #image(name: string): FragmentRoot {
    const { bridge, platform, signal } = this.#scope;
    const load = async (): Promise<BridgeRef> => {
      const { ref } = await bridge.resolveImageConfig(name, { platform, signal });
      const vertex = createVertex({
        op: { kind: "source", identifier: `docker-image://${ref}`, attrs: {} },
        constraints: { platform, filter: [] },
        metadata: { description: { [CUSTOM_NAME]: `[internal] load fragments of ${name}` } },
      });
      return solveVertex(bridge, vertex, signal);
    };
    return this.#root(`docker-image://${name}`, load, (file) => `docker-image://${name}//${file}`);
  }

  #git(reference: GitReference): FragmentRoot {
    const whole = gitSource({ ...reference, subdir: "" });
    const { bridge, signal } = this.#scope;
    const address = shownAddress(`${reference.remote}#${reference.ref}`);
    const load = (): Promise<BridgeRef> =>
      solveVertex(
        bridge,
        sourceVertex(whole, { customName: `[internal] load fragments of ${address}` }),
        signal,
      );
    const key = `${whole.identifier} ${JSON.stringify(whole.attrs)}`;
    return this.#root(key, load, (file) => `${address}:${file}`);
  }

  #root(key: string, load: () => Promise<BridgeRef>, label: (path: string) => string): FragmentRoot {
    const known = this.#roots.get(key);
    if (known !== undefined) return known;
    const root = this.#lazyRoot(load, { prefix: "", label });
    this.#roots.set(key, root);
    return root;
  }

  #lazyRoot(
    load: () => Promise<BridgeRef>,
    { prefix, label }: { readonly prefix: string; readonly label: (path: string) => string },
  ): FragmentRoot {
    const { bridge, signal } = this.#scope;
    let ref: Promise<BridgeRef> | undefined;
    return {
      label,
      read: async (path) =>
        readOptionalFile(bridge, await (ref ??= load()), { path: joinPath(prefix, path), signal }),
    };
  }

  async #readContext(path: string): Promise<Uint8Array | undefined> {
    const { bridge, options, signal } = this.#scope;
    const vertex = localVertex(options.contextName, {
      customName: `[internal] load fragment ${path}`,
      sharedKeyHint: `${options.contextName}-fragments`,
      followPaths: [path],
    });
    return readOptionalFile(bridge, await solveVertex(bridge, vertex, signal), { path, signal });
  }
}
