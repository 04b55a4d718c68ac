import { statSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { cliVersion } from "./version.ts";

/** The one file of the bundle that holds all the code that builds run. */
const BUNDLE = /\/command-line\.js$/;

/**
 * What tells this program's code from every other; undefined when it does not run from its bundle, since sources change
 * one by one. See EngineOptions.
 */
export function codeIdentity(): string | undefined {
  if (!BUNDLE.test(import.meta.url)) return undefined;
  const { size, mtimeMs } = statSync(fileURLToPath(import.meta.url));
  return `slipway ${cliVersion()} ${size} ${mtimeMs} ${process.version}`;
}
