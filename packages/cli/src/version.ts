import { readFileSync } from "node:fs";

/** The version of this package. Read from its manifest, so that there is one place that says it. */
export function cliVersion(): string {
  // Sources and the bundle are both one folder below the manifest.
  const manifest: unknown = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));
  return (manifest as { version: string }).version;
}
