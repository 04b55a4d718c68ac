import { randomBytes } from "node:crypto";
import { renameSync, rmSync, writeFileSync } from "node:fs";
import type { Writable } from "node:stream";

/** Writes a file so that it appears whole or not at all. */
export function writeFileAtomically(file: string, content: string | Uint8Array): void {
  const temporary = `${file}.${randomBytes(6).toString("hex")}.tmp`;
  try {
    writeFileSync(temporary, content);
    renameSync(temporary, file);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}

/** Writes all of it before it resolves; a reader that has gone away is no error. */
export async function writeAll(stream: Writable, content: string | Uint8Array): Promise<void> {
  if (!stream.writable) return;
  await new Promise<void>((resolve, reject) => {
    stream.write(content, (error) => {
      if (error && (error as NodeJS.ErrnoException).code !== "EPIPE") reject(error);
      else resolve();
    });
  });
}
