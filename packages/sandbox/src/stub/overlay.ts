import { readFileSync } from "node:fs";
import { overlayOptions, overlayOptionString, type OverlayFolders } from "./overlay-options.ts";
import type { Libc } from "./libc.ts";
import { StubFailure, SystemCallError } from "./stub-failure.ts";

/** Mounts an overlay on `target`. */
export function mountOverlay(libc: Libc, folders: OverlayFolders, target: string): void {
  let failure: unknown;
  for (const options of overlayOptions(folders, inUserNamespace())) {
    const text = overlayOptionString(options);
    try {
      if (text === undefined) mountLong(libc, options, target);
      else libc.mount("overlay", target, "overlay", { data: text });
      return;
    } catch (error) {
      // EINVAL is what a kernel says to options that it does not know.
      failure = error;
      if (!(error instanceof SystemCallError && error.errno === "EINVAL")) break;
    }
  }
  throw failure;
}

function mountLong(libc: Libc, options: readonly (readonly [string, string])[], target: string): void {
  try {
    libc.mountLongOverlay(target, options);
  } catch (error) {
    const layers = options.filter(([key]) => key === "lowerdir+").length;
    throw new StubFailure(
      "SANDBOX_TOO_MANY_LAYERS",
      `an overlay of ${layers} layers does not fit into one page of mount options, and the kernel takes no longer ones (${(error as Error).message})`,
      "Use Linux 6.7 or newer, fewer steps, or a shorter path for Slipway's folder (--root).",
    );
  }
}

/** Whether this process is in a user namespace other than the machine's own. */
export function inUserNamespace(): boolean {
  return readFileSync("/proc/self/uid_map", "utf8").trim().split(/\s+/).join(" ") !== "0 0 4294967295";
}
