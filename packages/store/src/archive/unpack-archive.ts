import { spawn } from "node:child_process";
import type { ChildProcessByStdio } from "node:child_process";
import { closeSync, createReadStream, openSync, readSync } from "node:fs";
import type { Readable } from "node:stream";
import { finished } from "node:stream/promises";
import { SlipwayError } from "@slipway/oci";
import { checkUnchanged } from "../context/file-identity.ts";
import type { FileIdentity, LayerIndex } from "../layer-index/entry.ts";
import { fsPath } from "../layer-index/byte-path.ts";
import { withWorldErrors } from "../syscalls/fs-errors.ts";
import { archiveError } from "./archive-error.ts";
import { decompressInto } from "./decompress.ts";
import { detectCompression, MAGIC_BYTES } from "./detect-archive.ts";
import type { ArchiveCompression } from "./detect-archive.ts";
import { BLOCK_BYTES } from "./tar-format.ts";
import { needsXzProgram, XZ_HEADER_BYTES } from "./xz.ts";
import { isTarHeader } from "./tar-parser.ts";
import { unpackStream } from "./unpack-stream.ts";

const READ_BYTES = 1 << 18;
// Small, so that the first block is there before damage further on is met.
const FIRST_CHUNK_BYTES = 4096;

export interface UnpackArchiveRequest {
  /** The file that may be an archive, absolute, in bytes. */
  readonly path: string;
  /** What the file must still be when it has been read; for files of the context. */
  readonly identity?: FileIdentity;
  /** Absolute path of an existing empty folder for the content; left alone when the file is no archive. */
  readonly treeDir: string;
  readonly signal: AbortSignal;
}

/**
 * Unpacks a tar archive, plain or compressed, as a Dockerfile's ADD does: what it is is told from its content, never
 * from its name. Null when it is none (a compressed file that is no tar counts as none).
 * As much of it is read as the tar has: what follows may be anything.
 * Only an xz file with filters or checksums that the built-in decoder lacks needs the program xz.
 * @throws InputError `ARCHIVE_…`, `ARCHIVE_TOOL_MISSING`, `CONTEXT_CHANGED`
 */
export async function unpackArchive(request: UnpackArchiveRequest): Promise<LayerIndex | null> {
  const { path, treeDir, signal } = request;
  const compression = detectCompression(firstBytes(path, MAGIC_BYTES));
  if (!(await isTar(path, compression, signal))) return null;
  const plain = await openPlain(path, compression, signal);
  try {
    const { index, isRead } = await unpackStream(plain.bytes, {
      compression: plain.compression,
      treeDir,
      signal,
      from: "archive",
      stopsAtEnd: true,
    });
    if (isRead) await plain.finish();
    if (request.identity !== undefined) requireUnchanged(path, request.identity);
    return index;
  } finally {
    plain.close();
  }
}

async function isTar(path: string, compression: ArchiveCompression, signal: AbortSignal): Promise<boolean> {
  if (compression === "none") return isTarHeader(firstBytes(path, BLOCK_BYTES));
  const plain = await openPlain(path, compression, signal);
  const enough = new Error("the first block is there");
  const pieces: Buffer[] = [];
  let length = 0;
  try {
    await decompressInto(plain.bytes, {
      compression: plain.compression,
      signal,
      chunkBytes: FIRST_CHUNK_BYTES,
      gzipTail: "unread",
      take(chunk) {
        pieces.push(Buffer.from(chunk.subarray(0, BLOCK_BYTES - length)));
        length += pieces.at(-1)!.length;
        if (length === BLOCK_BYTES) throw enough;
      },
    });
  } catch (error) {
    signal.throwIfAborted();
    // Bytes that only look compressed are an ordinary file; that a program is missing must be said.
    if (error !== enough && !(error instanceof SlipwayError && error.code.startsWith("ARCHIVE_")))
      throw error;
  } finally {
    plain.close();
  }
  return isTarHeader(Buffer.concat(pieces));
}

interface PlainBytes {
  readonly bytes: AsyncIterable<Uint8Array>;
  /** What is left to be undone in this process. */
  readonly compression: ArchiveCompression;
  /** Waits for the end of the program and checks it; for when its output came to an end. */
  finish(): Promise<void>;
  close(): void;
}

async function openPlain(
  path: string,
  compression: ArchiveCompression,
  signal: AbortSignal,
): Promise<PlainBytes> {
  if (compression !== "xz" || !needsXzProgram(firstBytes(path, XZ_HEADER_BYTES))) {
    const bytes = createReadStream(fsPath(path), { highWaterMark: READ_BYTES });
    return { bytes, compression, finish: async () => undefined, close: () => bytes.destroy() };
  }
  const fd = withWorldErrors(path, () => openSync(fsPath(path), "r"));
  const child = spawn("xz", ["-dc"], { stdio: [fd, "pipe", "pipe"], signal });
  closeSync(fd);
  const { stdout, stderr } = child as unknown as ChildProcessByStdio<null, Readable, Readable>;
  let complaint = "";
  stderr.on("data", (text: Buffer) => (complaint = (complaint + text.toString()).slice(0, 1000)));
  const closed = new Promise<number | null>((resolve) => child.on("close", resolve));
  const missing = new Promise<never>((_, reject) => {
    child.on("error", (error: NodeJS.ErrnoException) =>
      reject(
        error.code === "ENOENT"
          ? archiveError(
              "ARCHIVE_TOOL_MISSING",
              'this xz file has a filter or a checksum that only the program "xz" knows',
            )
          : error,
      ),
    );
  });
  missing.catch(() => undefined);
  await Promise.race([new Promise((resolve) => child.on("spawn", resolve)), missing]);
  return {
    bytes: stdout,
    compression: "none",
    async finish() {
      await finished(stdout).catch(() => undefined);
      const status = await Promise.race([closed, missing]);
      if (status !== 0) throw archiveError("ARCHIVE_BAD_COMPRESSION", `xz: ${complaint.trim()}`);
    },
    close() {
      stdout.destroy();
      child.kill("SIGKILL");
    },
  };
}

function requireUnchanged(path: string, identity: FileIdentity): void {
  const fd = withWorldErrors(path, () => openSync(fsPath(path), "r"));
  try {
    checkUnchanged(fd, path, identity);
  } finally {
    closeSync(fd);
  }
}

function firstBytes(path: string, count: number): Buffer {
  return withWorldErrors(path, () => {
    const fd = openSync(fsPath(path), "r");
    try {
      const buffer = Buffer.alloc(count);
      return buffer.subarray(0, readSync(fd, buffer, 0, count, 0));
    } finally {
      closeSync(fd);
    }
  });
}
