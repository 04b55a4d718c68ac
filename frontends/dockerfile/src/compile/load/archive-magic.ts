const MAGIC: readonly (readonly number[])[] = [
  [0x1f, 0x8b, 0x08],
  [0x42, 0x5a, 0x68],
  [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00],
  [0x28, 0xb5, 0x2f, 0xfd],
];
const BLOCK_BYTES = 512;
const CHECKSUM = { start: 148, end: 156 } as const;

/** How many bytes of a file `isArchive` wants to see. */
export const ARCHIVE_PREFIX_BYTES = BLOCK_BYTES;

/** True for the beginning of a tar, or of what gzip, bzip2, xz or zstd wrote. */
export function isArchive(prefix: Uint8Array): boolean {
  return MAGIC.some((magic) => magic.every((byte, index) => prefix[index] === byte)) || isTar(prefix);
}

/** A tar of any age has the sum of its first block in it; only newer ones say "ustar". */
function isTar(prefix: Uint8Array): boolean {
  if (prefix.length < BLOCK_BYTES) return false;
  const field = new TextDecoder("latin1").decode(prefix.subarray(CHECKSUM.start, CHECKSUM.end));
  const written = /^ *([0-7]{1,7})[ \0]/.exec(field)?.[1];
  if (written === undefined) return false;
  let sum = 0;
  for (let at = 0; at < BLOCK_BYTES; at++)
    sum += at >= CHECKSUM.start && at < CHECKSUM.end ? 0x20 : prefix[at]!;
  return sum === Number.parseInt(written, 8);
}
