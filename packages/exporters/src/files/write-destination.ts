import { open, realpath, rename, rm, stat } from "node:fs/promises";
import path from "node:path";
import { InputError, randomName, WorldError } from "@slipway/oci";
import type { ExportContext } from "@slipway/engine-sdk";
import { createFileSink, createStreamSink, type ByteSink } from "./byte-sink.ts";
import { destinationError } from "./destination-error.ts";

export type DestinationContext = Pick<ExportContext, "cwd" | "stdout" | "signal">;

/**
 * Writes one file: `-` is stdout, anything else a path. A regular file appears all at once, with its bytes on disk, or
 * not at all; a device or pipe is written as it is.
 * @throws InputError `STDOUT_IS_TERMINAL`, `EXPORT_DEST_INVALID`; WorldError `STDOUT_CLOSED`, `DISK_FULL`
 */
export async function writeDestination(
  dest: string,
  context: DestinationContext,
  fill: (sink: ByteSink) => Promise<void>,
): Promise<void> {
  if (dest === "-") {
    if ((context.stdout as Partial<NodeJS.WriteStream>).isTTY) {
      throw new InputError("STDOUT_IS_TERMINAL", "refusing to write an archive to a terminal", {
        hint: "Redirect stdout to a file, or say dest=FILE.",
      });
    }
    try {
      return await fill(createStreamSink(context.stdout, context.signal));
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code !== "EPIPE") throw cause;
      throw new WorldError("STDOUT_CLOSED", "whoever reads the archive from stdout stopped before its end", {
        hint: "Check the program behind the pipe, or say dest=FILE.",
        cause,
      });
    }
  }
  const file = path.resolve(context.cwd, dest);
  try {
    await writeFileAt(file, context, fill);
  } catch (error) {
    context.signal.throwIfAborted();
    throw destinationError(error, dest, file);
  }
}

async function writeFileAt(
  dest: string,
  context: DestinationContext,
  fill: (sink: ByteSink) => Promise<void>,
): Promise<void> {
  const present = await stat(dest).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "ENOENT") throw error;
  });
  if (present?.isDirectory())
    throw Object.assign(new Error(`${dest} is a folder`), { code: "EISDIR", path: dest });
  if (present && !present.isFile()) {
    await withSink(dest, "w", context.signal, fill);
    return;
  }
  // Through a symlink the file it points to is replaced, not the link.
  const target = present ? await realpath(dest) : dest;
  const temporary = `${target}.${randomName(12)}.tmp`;
  try {
    await withSink(temporary, "wx", context.signal, fill, true);
    context.signal.throwIfAborted();
    await rename(temporary, target);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

async function withSink(
  file: string,
  flags: string,
  signal: AbortSignal,
  fill: (sink: ByteSink) => Promise<void>,
  sync = false,
): Promise<void> {
  const handle = await open(file, flags, 0o666);
  try {
    const sink = createFileSink(handle, signal);
    await fill(sink);
    await sink.flush();
    if (sync) await handle.sync();
  } finally {
    await handle.close();
  }
}
