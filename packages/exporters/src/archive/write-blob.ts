import { InvariantError } from "@slipway/oci";
import type { ByteSink } from "../files/byte-sink.ts";
import type { LayoutFile } from "./layout-files.ts";

/** Appends a file's bytes to a sink: from file to file where the blob is one. */
export async function writeLayoutFile(sink: ByteSink, file: LayoutFile, signal: AbortSignal): Promise<void> {
  if (file.kind === "bytes") return sink.write(file.bytes);
  const { layer } = file;
  if (layer.path !== undefined) return sink.copyFile(layer.path, file.sizeBytes);
  const stream = layer.open();
  const stop = () => stream.destroy(signal.reason as Error);
  signal.addEventListener("abort", stop, { once: true });
  let doneBytes = 0;
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      doneBytes += chunk.length;
      // More bytes than the header says would be read as the next entry.
      if (doneBytes > file.sizeBytes) break;
      await sink.write(chunk);
    }
  } finally {
    signal.removeEventListener("abort", stop);
    stream.destroy();
  }
  if (doneBytes !== file.sizeBytes) {
    throw new InvariantError(
      `the blob ${layer.descriptor.digest} has not the ${file.sizeBytes} bytes that its descriptor says`,
    );
  }
}
