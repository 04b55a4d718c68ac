import { createRequire } from "node:module";

/** Of the package that this module was published in. */
export function version(): string {
  const manifest = createRequire(import.meta.url)("../package.json") as { readonly version: string };
  return manifest.version;
}
