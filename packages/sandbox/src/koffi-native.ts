import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";

/** What the package koffi exports; its native part alone exports the same functions. */
export type Koffi = typeof import("koffi");

/**
 * The native file of koffi, to be opened with {@link loadKoffi}; undefined when koffi is not laid out as expected.
 * Opening it directly takes 1 ms, where koffi's own search for it takes 9 ms.
 */
export function locateKoffi(): string | undefined {
  try {
    const koffi = createRequire(import.meta.url).resolve("koffi");
    const loader = createRequire(koffi).resolve(`@koromix/koffi-linux-${process.arch}`);
    const folder =
      existsSync("/lib/ld-musl-x86_64.so.1") || existsSync("/lib/ld-musl-aarch64.so.1") ? "musl" : "linux";
    const file = path.join(path.dirname(loader), `${folder}_${process.arch}`, "koffi.node");
    return existsSync(file) ? file : undefined;
  } catch {
    return undefined;
  }
}

/** Loads koffi from `file` (see {@link locateKoffi}), or the package when `file` is undefined or can't be opened. */
export function loadKoffi(file: string | undefined): Koffi {
  if (file !== undefined) {
    try {
      const module: { exports: Partial<Koffi> } = { exports: {} };
      process.dlopen(module, file);
      if (typeof module.exports.load === "function") return module.exports as Koffi;
    } catch {
      // the other C library's build: the package finds the right one
    }
  }
  return createRequire(import.meta.url)("koffi") as Koffi;
}
