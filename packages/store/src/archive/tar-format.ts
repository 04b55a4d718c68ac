// Numbers and names of the tar formats. @see POSIX.1-2024 pax, "ustar Interchange Format" and "pax Interchange Format"

export const BLOCK_BYTES = 512;

/** Type flags. */
export const TarType = {
  file: 0x30,
  hardlink: 0x31,
  symlink: 0x32,
  char: 0x33,
  block: 0x34,
  dir: 0x35,
  fifo: 0x36,
  contiguous: 0x37,
  oldFile: 0x00,
  pax: 0x78,
  paxGlobal: 0x67,
  gnuLongName: 0x4c,
  gnuLongLink: 0x4b,
  gnuSparse: 0x53,
} as const;

/** Offsets of the header's fields; a field ends where the next begins. */
export const TarField = {
  name: 0,
  mode: 100,
  uid: 108,
  gid: 116,
  size: 124,
  mtime: 136,
  checksum: 148,
  type: 156,
  linkName: 157,
  magic: 257,
  userName: 265,
  major: 329,
  minor: 337,
  prefix: 345,
  /** GNU: four pieces of a sparse file. */
  sparse: 386,
  sparseMore: 482,
  sparseSize: 483,
} as const;

export const XATTR_RECORD = "SCHILY.xattr.";

/** Prefix of the file that says "this name is gone". @see OCI image-spec, layer.md, Whiteouts */
export const WHITEOUT_PREFIX = ".wh.";
/** Prefix of names that AUFS keeps to itself. */
export const WHITEOUT_META_PREFIX = ".wh..wh.";
/** The file that says "what lower layers have in this folder is gone". @see OCI image-spec, layer.md, Opaque Whiteout */
export const OPAQUE_MARKER = ".wh..wh..opq";

/**
 * Extended attribute of an index alone: the file is a link to this path of what the archive is added to. Archives can't
 * have it, since overlayfs's attributes are dropped from them.
 */
export const OUTWARD_LINK = "trusted.overlay.slipway.link";

/** Bytes that fill the last block of a file's data. */
export function paddingBytes(sizeBytes: number): number {
  return (BLOCK_BYTES - (sizeBytes % BLOCK_BYTES)) % BLOCK_BYTES;
}

/** Whether a name says that something is gone; names that AUFS keeps to itself don't. */
export function isWhiteoutName(name: string): boolean {
  return (
    name.startsWith(WHITEOUT_PREFIX) && (!name.startsWith(WHITEOUT_META_PREFIX) || name === OPAQUE_MARKER)
  );
}
