import fs from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { InputError } from "@slipway/oci";

const BLOCK_BYTES = 64 * 1024;
const PAUSE_MS = 20;

/**
 * Reads a named pipe to its end, waiting for somebody to write to it. Opened without blocking, since nothing could
 * interrupt a process that waits in open().
 * @throws InputError `BUILD_FILE_TOO_LARGE`
 */
export async function readPipe(file: string, maxBytes: number): Promise<Buffer> {
  const fd = fs.openSync(file, fs.constants.O_RDONLY | fs.constants.O_NONBLOCK);
  try {
    const chunks: Buffer[] = [];
    let sizeBytes = 0;
    for (;;) {
      const chunk = Buffer.allocUnsafe(BLOCK_BYTES);
      const count = readSome(fd, chunk);
      if (count !== undefined && count > 0) {
        chunks.push(chunk.subarray(0, count));
        sizeBytes += count;
        if (sizeBytes > maxBytes)
          throw new InputError(
            "BUILD_FILE_TOO_LARGE",
            `what comes from ${file} is too large for a build file`,
            {
              hint: "Name a build file.",
            },
          );
        continue;
      }
      // No writer any more, unless there never was one.
      if (count === 0 && sizeBytes > 0) return Buffer.concat(chunks);
      await sleep(PAUSE_MS);
    }
  } finally {
    fs.closeSync(fd);
  }
}

/** Undefined when there is a writer, and nothing to read yet. */
function readSome(fd: number, chunk: Buffer): number | undefined {
  try {
    return fs.readSync(fd, chunk, 0, chunk.length, null);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EAGAIN") return undefined;
    throw error;
  }
}
