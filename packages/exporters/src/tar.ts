import { defineExporter, type ExportContext, type Exporter } from "@slipway/engine-sdk";
import { InputError, InvariantError } from "@slipway/oci";
import { TAR_END, tarHeader, tarPadding } from "./archive/tar-header.ts";
import { withExportSteps, type Report } from "./export-progress.ts";
import type { ByteSink } from "./files/byte-sink.ts";
import { writeDestination } from "./files/write-destination.ts";
import { integer, flag, optionsSchema, parsed, text } from "./options/fields.ts";
import { clampTime } from "./tree/clamp-time.ts";
import { shownPath } from "./tree/entry-path.ts";
import { platformTrees, type TreeEntry } from "./tree/platform-trees.ts";

export interface FileTarOptions {
  readonly dest: string | undefined;
  /** A folder for each platform; by default when there are several. */
  readonly platformSplit: boolean | undefined;
  readonly sourceDateEpochSeconds: number | undefined;
}

/** A flag without a default of its own. */
export const platformSplit = parsed<boolean | undefined>("platform-split", (value) =>
  value === undefined ? undefined : flag("platform-split", true).read([["platform-split", value]]),
);

/** The files of the result as one plain tar archive: owners, modes, times, devices and extended attributes included. */
export const fileTar: Exporter<FileTarOptions> = defineExporter({
  name: "tar",
  options: optionsSchema<FileTarOptions>({
    dest: text("dest"),
    platformSplit,
    sourceDateEpochSeconds: integer("source-date-epoch"),
  }),
  prepare(options) {
    const { dest } = options;
    if (dest === undefined) {
      throw new InputError("EXPORTER_OPTION_INVALID", "--output type=tar has no dest", {
        hint: "Say where to write: type=tar,dest=files.tar.",
      });
    }
    return {
      async write(context) {
        await withExportSteps(context.progress, "exporting to client tarball", (steps) =>
          steps.run("sending tarball", (report) =>
            writeDestination(dest, context, (sink) => writeFileTar(sink, options, { context, report })),
          ),
        );
        return {};
      },
    };
  },
});

async function writeFileTar(
  sink: ByteSink,
  options: FileTarOptions,
  { context, report }: { readonly context: ExportContext; readonly report: Report },
): Promise<void> {
  const epochSeconds = options.sourceDateEpochSeconds ?? context.sourceDateEpochSeconds;
  let doneBytes = 0;
  for await (const entry of platformTrees(context, options.platformSplit)) {
    const sizeBytes = entry.kind === "file" ? entry.sizeBytes : 0;
    await sink.write(
      tarHeader({
        name: entry.path,
        type: entry.kind,
        mode: entry.mode,
        uid: entry.uid,
        gid: entry.gid,
        sizeBytes,
        mtimeNs: clampTime(entry.mtimeNs, epochSeconds),
        linkname: entry.linkname,
        major: entry.major,
        minor: entry.minor,
        xattrs: entry.kind === "hardlink" ? undefined : entry.xattrs,
      }),
    );
    if (sizeBytes > 0) await writeContent(sink, entry, context.signal);
    await sink.write(tarPadding(sizeBytes));
    report((doneBytes += sizeBytes), 0);
  }
  await sink.write(TAR_END);
}

async function writeContent(sink: ByteSink, entry: TreeEntry, signal: AbortSignal): Promise<void> {
  let missingBytes = entry.sizeBytes;
  if (!entry.open) throw new InvariantError(`the file ${shownPath(entry.path)} has no content`);
  for await (const chunk of entry.open() as AsyncIterable<Buffer>) {
    signal.throwIfAborted();
    missingBytes -= chunk.length;
    if (missingBytes < 0) break;
    await sink.write(chunk);
  }
  if (missingBytes !== 0)
    throw new InvariantError(
      `the file ${shownPath(entry.path)} has not the ${entry.sizeBytes} bytes that its entry says`,
    );
}
