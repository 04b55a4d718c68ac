import { libc } from "../syscalls/libc.ts";

/**
 * Overlayfs's own attributes, in its privileged and in its `userxattr` form. They never come from a layer or go into
 * one: a hostile `redirect` would let a layer show any file of the lower ones.
 */
export function isOverlayXattr(name: string): boolean {
  return name.startsWith("trusted.overlay.") || name.startsWith("user.overlay.");
}

/**
 * Attributes that a layer carries: capabilities and what users set. Labels of the host's security modules and ACL
 * caches belong to the machine, not to the layer.
 */
export function isLayerXattr(name: string): boolean {
  if (isOverlayXattr(name)) return false;
  return (
    name === "security.capability" ||
    name.startsWith("user.") ||
    name.startsWith("trusted.") ||
    name.startsWith("system.posix_acl_")
  );
}

/** The attributes of a file that `keep` wants, sorted by name; undefined when there are none. `path` in bytes. */
export function readXattrs(
  path: string,
  keep: (name: string) => boolean,
): Map<string, Uint8Array> | undefined {
  const names = libc().listXattrs(path).filter(keep).sort();
  if (names.length === 0) return undefined;
  const xattrs = new Map<string, Uint8Array>();
  for (const name of names) {
    const value = libc().getXattr(path, name);
    if (value !== undefined) xattrs.set(name, value);
  }
  return xattrs.size === 0 ? undefined : xattrs;
}

export function sameXattrs(
  a: ReadonlyMap<string, Uint8Array> | undefined,
  b: ReadonlyMap<string, Uint8Array> | undefined,
): boolean {
  if ((a?.size ?? 0) !== (b?.size ?? 0)) return false;
  if (a === undefined || b === undefined) return true;
  for (const [name, value] of a) {
    const other = b.get(name);
    if (other === undefined || Buffer.compare(value, other) !== 0) return false;
  }
  return true;
}
