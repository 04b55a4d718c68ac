import type { OddImage } from "./push-image.ts";

/** A file of a build context. */
export type ContextFile =
  | { readonly kind: "file"; readonly content: string; readonly mode?: number }
  | { readonly kind: "dir"; readonly mode?: number }
  | { readonly kind: "symlink"; readonly target: string }
  /** A second name of a file that is listed before. */
  | { readonly kind: "hardlink"; readonly target: string }
  | { readonly kind: "fifo" };

/** A build that both builders run. */
export interface DifferentialCase {
  /** Unique in its list; what it is about. */
  readonly name: string;
  /** `$BASE` stands for a busybox image in a registry. */
  readonly dockerfile: string;
  /** True when each character of `dockerfile` is a byte of the file, which may be no UTF-8. */
  readonly isBytes?: boolean;
  /** Paths of the context; a string is the content of a file. Parents are made. */
  readonly files?: Readonly<Record<string, ContextFile | string>>;
  /** Shell commands that add to the context what `files` can't say, such as archives. They run in its folder. */
  readonly prepare?: string;
  /** Frontend options, for example `build-arg:A`. */
  readonly options?: Readonly<Record<string, string>>;
  /** An image that `$IMAGE` stands for. */
  readonly image?: OddImage;
  /** True when both have to refuse the build. */
  readonly fails?: boolean;
  /** Why the results differ; the test then asserts that they do. */
  readonly differs?: string;
}

export function file(content: string, mode?: number): ContextFile {
  return { kind: "file", content, ...(mode === undefined ? {} : { mode }) };
}

export function folder(mode?: number): ContextFile {
  return { kind: "dir", ...(mode === undefined ? {} : { mode }) };
}

export function link(target: string): ContextFile {
  return { kind: "symlink", target };
}

export function hardlink(target: string): ContextFile {
  return { kind: "hardlink", target };
}
