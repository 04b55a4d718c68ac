import { statSync } from "node:fs";
import path from "node:path";
import type { ExportRequest } from "@slipway/engine";
import { UsageError } from "../usage-error.ts";

/** Types that write one file when they have a `dest`. */
const FILES = new Set(["oci", "docker", "tar"]);

/**
 * Finds out before a build, not after it, that its result has no place to go.
 * @throws UsageError when the folder of a file is not there, or two outputs go to one place
 */
export function checkDestinations(exports: readonly ExportRequest[], cwd: string): void {
  const taken = new Map<string, string>();
  for (const { type, attrs } of exports) {
    const dest = attrs["dest"];
    if (dest === undefined || dest === "-") continue;
    const place = path.resolve(cwd, dest);
    const other = taken.get(place);
    if (other !== undefined) {
      throw new UsageError(
        `--output type=${other} and --output type=${type} both go to ${dest}`,
        "Give each a dest of its own.",
      );
    }
    taken.set(place, type);
    if (FILES.has(type) && attrs["tar"] !== "false" && !isFolder(path.dirname(place))) {
      throw new UsageError(
        `--output type=${type}: the folder ${path.dirname(dest)} does not exist`,
        `Make it first, or write elsewhere: the file ${path.basename(dest)} goes into it.`,
      );
    }
  }
}

function isFolder(file: string): boolean {
  return statSync(file, { throwIfNoEntry: false })?.isDirectory() ?? false;
}
