/** How a file's bytes are packed, told from its first bytes. */
export type ArchiveCompression = "none" | "gzip" | "zstd" | "bzip2" | "xz";

const MAGIC: readonly (readonly [ArchiveCompression, readonly number[]])[] = [
  ["gzip", [0x1f, 0x8b, 0x08]],
  ["zstd", [0x28, 0xb5, 0x2f, 0xfd]],
  ["bzip2", [0x42, 0x5a, 0x68]],
  ["xz", [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]],
];

/** First bytes of a file that `detectCompression` looks at. */
export const MAGIC_BYTES = 8;

/** "none" for everything that has no other format's first bytes. */
export function detectCompression(start: Uint8Array): ArchiveCompression {
  // Only zstd knows frames to be skipped that begin like this; LZ4's cannot be told from them.
  if (start[1] === 0x2a && start[2] === 0x4d && start[3] === 0x18 && (start[0]! & 0xf0) === 0x50)
    return "zstd";
  for (const [compression, magic] of MAGIC) {
    if (magic.every((byte, i) => start[i] === byte)) return compression;
  }
  return "none";
}
