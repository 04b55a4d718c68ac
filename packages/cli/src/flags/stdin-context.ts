import { closeSync, openSync, writeSync } from "node:fs";
import { InputError } from "@slipway/oci";
import type { CliIo } from "../io.ts";
import { UsageError } from "../usage-error.ts";
import { ARCHIVE_PREFIX_BYTES, isArchive } from "./archive-magic.ts";

/** More than any build file; keeps a mistaken `slipway build - < disk.img` from filling the memory. */
export const MAX_FILE_BYTES = 16 * 1024 * 1024;

/** What came from stdin: a build file, or a context archive, which was written to a file. */
export type StdinContent = { readonly kind: "file"; readonly text: Buffer } | { readonly kind: "archive" };

/**
 * Reads stdin. An archive goes to `archiveFile` as it comes, whatever its size.
 * @throws UsageError for a terminal; InputError `BUILD_FILE_EMPTY`, `BUILD_FILE_TOO_LARGE`
 */
export async function readStdin(io: CliIo, archiveFile: string): Promise<StdinContent> {
  if (io.stdin.isTTY)
    throw new UsageError(
      "the build file or the context should come from stdin, which is a terminal",
      "Redirect it: slipway build -f - . < Dockerfile, or slipway build - < context.tar",
    );
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  let fd: number | undefined;
  try {
    for await (const chunk of io.stdin) {
      const bytes = Buffer.from(chunk as Uint8Array);
      if (fd !== undefined) {
        writeAllSync(fd, bytes);
        continue;
      }
      chunks.push(bytes);
      sizeBytes += bytes.length;
      if (sizeBytes > MAX_FILE_BYTES) throw tooLarge();
      // What is no archive by its first block is none.
      if (sizeBytes - bytes.length >= ARCHIVE_PREFIX_BYTES) continue;
      const start = Buffer.concat(chunks);
      if (!isArchive(start)) continue;
      fd = openSync(archiveFile, "wx", 0o600);
      writeAllSync(fd, start);
    }
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
  if (fd !== undefined) return { kind: "archive" };
  const text = Buffer.concat(chunks);
  if (text.toString().trim() === "")
    throw new InputError("BUILD_FILE_EMPTY", "the build file from stdin is empty", {
      hint: "Redirect it: slipway build -f - . < Dockerfile",
    });
  return { kind: "file", text };
}

function writeAllSync(fd: number, bytes: Buffer): void {
  for (let done = 0; done < bytes.length;) done += writeSync(fd, bytes, done);
}

function tooLarge(): InputError {
  return new InputError(
    "BUILD_FILE_TOO_LARGE",
    "what comes from stdin is no archive, and too large for a build file",
    {
      hint: "Give a tar archive (plain or packed by gzip, bzip2, xz or zstd) or a Dockerfile.",
    },
  );
}
