const MAGICS: readonly (readonly number[])[] = [
  [0x1f, 0x8b, 0x08],
  [0x42, 0x5a, 0x68],
  [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00],
  [0x28, 0xb5, 0x2f, 0xfd],
];
const BLOCK_BYTES = 512;
const CHECKSUM_START = 148;
const CHECKSUM_END = 156;

/** How many bytes of a stream `isArchive` wants to see. */
export const ARCHIVE_PREFIX_BYTES = BLOCK_BYTES;

/** True for the beginning of a tar archive, or of anything that gzip, bzip2, xz or zstd has packed. */
export function isArchive(prefix: Uint8Array): boolean {
  return MAGICS.some((magic) => magic.every((byte, i) => prefix[i] === byte)) || isTarHeader(prefix);
}

/** Every tar, also one that is older than the word "ustar", has the sum of its header in it. */
function isTarHeader(block: Uint8Array): boolean {
  if (block.length < BLOCK_BYTES) return false;
  const field = Buffer.from(block.subarray(CHECKSUM_START, CHECKSUM_END)).toString("latin1");
  const written = /^ *([0-7]{1,7})[ \0]/.exec(field)?.[1];
  if (written === undefined) return false;
  let sum = 0;
  for (let at = 0; at < BLOCK_BYTES; at++) {
    sum += at >= CHECKSUM_START && at < CHECKSUM_END ? 0x20 : block[at]!;
  }
  return sum === Number.parseInt(written, 8);
}
