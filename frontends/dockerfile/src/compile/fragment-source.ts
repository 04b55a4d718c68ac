import type { Bridge, BridgeRef } from "@slipway/frontend-sdk";
import { createVertex, CUSTOM_NAME } from "@slipway/ir";
import type { Platform } from "@slipway/oci";
import { problemError } from "../problems.ts";
import { gitSource, isGitReference, parseGitReference } from "./git-reference.ts";
import type { BuildFile } from "./load-build-file.ts";
import { decodeText, localVertex, readOptionalFile, solveVertex } from "./local-source.ts";
import type { CompileOptions } from "./options.ts";
import { cleanPath, joinPath } from "./paths.ts";
import { shownAddress } from "./remote-context.ts";
import { sourceVertex } from "./source-vertex.ts";

/** The longest fragment that is read. */
const MAX_LENGTH = 1 << 20;

/** Something that fragments are files of: the build context, a repository, an image. */
export interface FragmentRoot {
  /** What errors call a file of it. */
  label(path: string): string;
  /** Undefined when there is no such file. */
  read(path: string): Promise<Uint8Array | undefined>;
}

/** A fragment as it was found. */
export interface LoadedFragment {
  readonly text: string;
  /** Its name in errors; the same for the same file. */
  readonly label: string;
  readonly root: FragmentRoot;
  /** Where paths that begin with `./` or `../` begin; relative to the root. */
  readonly folder: string;
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
export class FragmentSources {
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
  ): Promise<LoadedFragment> {
    const { root, path } = this.#find(source, from);
    const clean = cleanPath(path.replace(/^\/+/, ""));
    if (clean === ".." || clean.startsWith("../")) {
      throw problemError({
        code: "INCLUDE_OUTSIDE",
        message: `"${source}" leads out of where fragments may come from`,
        hint: "Paths stay in the build context, or in the repository or image that the fragment is from.",
      });
    }
    const label = root.label(clean);
    const bytes = clean === "." ? undefined : await root.read(clean);
    if (bytes === undefined) {
      throw problemError({
        code: "INCLUDE_NOT_FOUND",
        message: `there is no file ${label} to include`,
        hint: "Paths count from the root of the build context (or repository, or image); with ./ in front, from the file itself.",
      });
    }
    if (bytes.length > MAX_LENGTH) {
      throw problemError({
        code: "INCLUDE_INVALID",
        message: `${label} is longer than ${MAX_LENGTH} bytes`,
        hint: "Fragments are parts of Dockerfiles: COPY is for data.",
      });
    }
    return { text: decodeText(bytes), label, root, folder: cleanPath(`${clean}/..`) };
  }

  #find(
    source: string,
    from: { readonly root: FragmentRoot; readonly folder: string },
  ): { root: FragmentRoot; path: string } {
    if (source.startsWith("docker-image://")) return this.#image(source);
    if (isGitReference(source)) return this.#git(source);
    if (/^[a-z][a-z0-9+.-]*:\/\//i.test(source)) {
      throw problemError({
        code: "INCLUDE_INVALID",
        message: `fragments cannot come from "${shownAddress(source)}"`,
        hint: "They are files of the build context, of a git repository (https://host/name.git#ref:path) or an image (docker-image://name//path).",
      });
    }
    const isRelative = /^\.\.?\//.test(source);
    return { root: from.root, path: isRelative ? joinPath(from.folder, source) : source };
  }

  #image(source: string): { root: FragmentRoot; path: string } {
    const match = /^docker-image:\/\/(.+?)\/\/(.+)$/.exec(source);
    if (match === null) {
      throw problemError({
        code: "INCLUDE_INVALID",
        message: `"${source}" does not say which file of which image`,
        hint: "Write docker-image://name//path.",
      });
    }
    const [, name = "", path = ""] = match;
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
    return {
      root: this.#root(`docker-image://${name}`, load, (file) => `docker-image://${name}//${file}`),
      path,
    };
  }

  #git(source: string): { root: FragmentRoot; path: string } {
    const reference = parseGitReference(source)!;
    if (reference.subdir === "") {
      throw problemError({
        code: "INCLUDE_INVALID",
        message: `"${shownAddress(source)}" does not say which file of the repository`,
        hint: "Write the path behind the name of the branch, tag or commit: https://host/name.git#v1:path.",
      });
    }
    const whole = gitSource({ ...reference, subdir: "" });
    const { bridge, signal } = this.#scope;
    const address = shownAddress(`${reference.remote}#${reference.ref}`);
    const load = (): Promise<BridgeRef> =>
      solveVertex(
        bridge,
        sourceVertex(whole, { customName: `[internal] load fragments of ${address}` }),
        signal,
      );
    return {
      root: this.#root(
        `${whole.identifier} ${JSON.stringify(whole.attrs)}`,
        load,
        (file) => `${address}:${file}`,
      ),
      path: reference.subdir,
    };
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
