import fs from "node:fs";
import { WorldError } from "@slipway/oci";
import { textOfBytes } from "../layer-index/byte-path.ts";
import { errnoOf } from "../syscalls/fs-errors.ts";
import { libc, S_IFCHR } from "../syscalls/libc.ts";
import { isOverlayXattr } from "./xattrs.ts";

// How overlayfs spells what a layer hides. Paths are bytes. @see Linux, Documentation/filesystems/overlayfs.rst,
// "whiteouts and opaque directories"

/**
 * Options that every overlay mount over trees of the store needs, comma-separated, besides lowerdir, upperdir and
 * workdir: without them a kernel may be configured to leave redirects or metadata-only copies in the upper folder,
 * which are no layer by themselves. `userxattr` is for mounts made in a user namespace and implies the same.
 */
export const OVERLAY_OPTIONS = Object.freeze({
  privileged: "redirect_dir=off,metacopy=off,index=off",
  userNamespace: "userxattr",
});

/** Makes a whiteout: a character device 0:0. */
export function makeWhiteout(path: string): void {
  libc().makeNode(path, S_IFCHR, { major: 0, minor: 0 });
}

/** Marks a folder as hiding what lower layers have in it; in the form that this process may write. */
export function makeOpaque(path: string): void {
  const value = Buffer.from("y");
  if (!inUserNamespace()) {
    try {
      libc().setXattr(path, "trusted.overlay.opaque", value);
      return;
    } catch (error) {
      // Root without CAP_SYS_ADMIN mounts no privileged overlay either.
      if (errnoOf(error) !== "EPERM") throw error;
    }
  }
  libc().setXattr(path, "user.overlay.opaque", value);
}

/**
 * Whether a folder of an upper layer is opaque.
 * @throws WorldError `OVERLAY_UNSUPPORTED` when its attributes say that its content is elsewhere.
 */
export function readsAsOpaque(path: string, xattrNames: readonly string[]): boolean {
  let opaque = false;
  for (const name of xattrNames) {
    if (!isOverlayXattr(name)) continue;
    const kind = name.slice(name.lastIndexOf(".") + 1);
    if (kind === "redirect" || kind === "metacopy") {
      throw new WorldError("OVERLAY_UNSUPPORTED", `the kernel left a ${kind} at "${textOfBytes(path)}"`, {
        hint: `Mount overlays with ${OVERLAY_OPTIONS.privileged}.`,
        data: { path: textOfBytes(path) },
      });
    }
    if (kind === "opaque") opaque = libc().getXattr(path, name)?.[0] === 0x79;
  }
  return opaque;
}

/** Whether this process is in a user namespace of its own, and so mounts overlays with `userxattr`. */
export function inUserNamespace(): boolean {
  if (process.geteuid?.() !== 0) return true;
  try {
    return !/^\s*0\s+0\s+4294967295\s*$/.test(fs.readFileSync("/proc/self/uid_map", "latin1"));
  } catch {
    return false;
  }
}
