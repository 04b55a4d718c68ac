import type { Report } from "../export-progress.ts";
import type { ByteSink } from "../files/byte-sink.ts";
import type { LayoutFile } from "./layout-files.ts";
import { TAR_END, tarHeader, tarPadding } from "./tar-header.ts";
import { writeLayoutFile } from "./write-blob.ts";

function header(name: string, type: "file" | "dir", sizeBytes: number): Buffer {
  return tarHeader({
    name,
    type,
    mode: type === "dir" ? 0o755 : 0o644,
    uid: 0,
    gid: 0,
    sizeBytes,
    mtimeNs: 0n,
  });
}

/** Writes an image layout as one tar archive; the same files give the same bytes. */
export async function writeLayoutArchive(
  sink: ByteSink,
  files: readonly LayoutFile[],
  { signal, report }: { readonly signal: AbortSignal; readonly report: Report },
): Promise<void> {
  const totalBytes = files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  let doneBytes = 0;
  await sink.write(header("blobs", "dir", 0));
  await sink.write(header("blobs/sha256", "dir", 0));
  for (const file of files) {
    signal.throwIfAborted();
    await sink.write(header(file.path, "file", file.sizeBytes));
    await writeLayoutFile(sink, file, signal);
    await sink.write(tarPadding(file.sizeBytes));
    doneBytes += file.sizeBytes;
    report(doneBytes, totalBytes);
  }
  await sink.write(TAR_END);
}
