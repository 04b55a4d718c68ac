import type { State } from "./state.ts";

/** `name`, `uid`, `name:group` or `uid:gid`, or the two apart; numbers are never looked up. */
export type Owner = string | { readonly user?: string | number; readonly group?: string | number };

interface Owned {
  readonly owner?: Owner;
  /** Nanoseconds since the epoch. Default: -1, the time of the build or of the source. */
  readonly timestampNs?: bigint;
}

export interface CopyOptions extends Owned {
  /** Permission bits, or a symbolic mode such as `u+rwX`. Default: the source's. */
  readonly mode?: number | string;
  readonly followSymlink?: boolean;
  /** Copy what a folder holds instead of the folder. */
  readonly dirCopyContents?: boolean;
  readonly attemptUnpack?: boolean;
  readonly createDestPath?: boolean;
  readonly allowWildcard?: boolean;
  readonly allowEmptyWildcard?: boolean;
  readonly includePatterns?: readonly string[];
  readonly excludePatterns?: readonly string[];
  readonly alwaysReplaceExistingDestPaths?: boolean;
  readonly requiredPaths?: readonly string[];
}

export interface MkfileOptions extends Owned {
  /** Default: 0o644. */
  readonly mode?: number;
}

export interface MkdirOptions extends Owned {
  /** Default: 0o755. */
  readonly mode?: number;
  readonly makeParents?: boolean;
}

export interface RmOptions {
  readonly allowNotFound?: boolean;
  readonly allowWildcard?: boolean;
}

export type SymlinkOptions = Owned;

export type FileActionSpec =
  | {
      readonly kind: "copy";
      readonly from: State;
      readonly src: string;
      readonly dest: string;
      readonly options: CopyOptions;
    }
  | {
      readonly kind: "mkfile";
      readonly path: string;
      readonly data: Uint8Array;
      readonly options: MkfileOptions;
    }
  | { readonly kind: "mkdir"; readonly path: string; readonly options: MkdirOptions }
  | { readonly kind: "rm"; readonly path: string; readonly options: RmOptions }
  | {
      readonly kind: "symlink";
      readonly oldPath: string;
      readonly newPath: string;
      readonly options: SymlinkOptions;
    };

/** A chain of changes to one filesystem, for `State.file`. Immutable. Relative paths are seen from the state's folder. */
export class FileActions {
  readonly list: readonly FileActionSpec[];

  constructor(list: readonly FileActionSpec[] = []) {
    this.list = list;
  }

  /** Copies `src` of another filesystem; a `dest` that ends in a slash is a folder to copy into. */
  copy(from: State, src: string, dest: string, options: CopyOptions = {}): FileActions {
    return this.#then({ kind: "copy", from, src, dest, options });
  }

  /** Writes a file; text as UTF-8. */
  mkfile(path: string, data: Uint8Array | string, options: MkfileOptions = {}): FileActions {
    const bytes = typeof data === "string" ? new TextEncoder().encode(data) : data;
    return this.#then({ kind: "mkfile", path, data: bytes, options });
  }

  mkdir(path: string, options: MkdirOptions = {}): FileActions {
    return this.#then({ kind: "mkdir", path, options });
  }

  rm(path: string, options: RmOptions = {}): FileActions {
    return this.#then({ kind: "rm", path, options });
  }

  /** Makes a link at `newPath` that says `oldPath`. */
  symlink(oldPath: string, newPath: string, options: SymlinkOptions = {}): FileActions {
    return this.#then({ kind: "symlink", oldPath, newPath, options });
  }

  #then(action: FileActionSpec): FileActions {
    return new FileActions([...this.list, action]);
  }
}

/** A chain that begins with a copy. @see FileActions.copy */
export function copy(from: State, src: string, dest: string, options: CopyOptions = {}): FileActions {
  return new FileActions().copy(from, src, dest, options);
}

/** A chain that begins with writing a file. @see FileActions.mkfile */
export function mkfile(path: string, data: Uint8Array | string, options: MkfileOptions = {}): FileActions {
  return new FileActions().mkfile(path, data, options);
}

/** A chain that begins with making a folder. @see FileActions.mkdir */
export function mkdir(path: string, options: MkdirOptions = {}): FileActions {
  return new FileActions().mkdir(path, options);
}

/** A chain that begins with removing something. @see FileActions.rm */
export function rm(path: string, options: RmOptions = {}): FileActions {
  return new FileActions().rm(path, options);
}

/** A chain that begins with making a link. @see FileActions.symlink */
export function symlink(oldPath: string, newPath: string, options: SymlinkOptions = {}): FileActions {
  return new FileActions().symlink(oldPath, newPath, options);
}
