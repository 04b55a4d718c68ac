import { chmod, mkdir, rename, rm, stat } from "node:fs/promises";
import path from "node:path";
import { defineExporter, type ExportContext, type Exporter } from "@slipway/engine-sdk";
import { InputError, randomName } from "@slipway/oci";
import { withExportSteps, type Report } from "./export-progress.ts";
import { destinationError } from "./files/destination-error.ts";
import { integer, optionsSchema, text } from "./options/fields.ts";
import { platformSplit } from "./tar.ts";
import { mergeInto } from "./tree/merge-into.ts";
import { platformTrees } from "./tree/platform-trees.ts";
import { finishFolders, stageTree, tellLosses, type Lost } from "./tree/stage-tree.ts";

export interface LocalOptions {
  readonly dest: string | undefined;
  /** A folder for each platform; by default when there are several. */
  readonly platformSplit: boolean | undefined;
  readonly sourceDateEpochSeconds: number | undefined;
}

/**
 * The files of the result in a folder. A new folder appears all at once; one that exists keeps its other files. Modes
 * and times are kept, owners only by root and as far as its user namespace has them; extended attributes are not.
 */
export const localFolder: Exporter<LocalOptions> = defineExporter({
  name: "local",
  options: optionsSchema<LocalOptions>({
    dest: text("dest"),
    platformSplit,
    sourceDateEpochSeconds: integer("source-date-epoch"),
  }),
  prepare(options) {
    const { dest } = options;
    if (dest === undefined || dest === "-") {
      throw new InputError("EXPORTER_OPTION_INVALID", "--output type=local needs a folder as dest", {
        hint: "Say where to write: type=local,dest=FOLDER.",
      });
    }
    return {
      async write(context) {
        await withExportSteps(context.progress, "exporting to client directory", (steps) =>
          steps.run("copying files", (report) =>
            writeFolder(path.resolve(context.cwd, dest), options, { context, report }),
          ),
        );
        return {};
      },
    };
  },
});

async function writeFolder(
  dest: string,
  options: LocalOptions,
  { context, report }: { readonly context: ExportContext; readonly report: Report },
): Promise<void> {
  const { signal } = context;
  let staging: string | undefined;
  /** The outermost folder that was made for `dest` to be in. */
  let madeParents: string | undefined;
  try {
    const there = await stat(dest).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== "ENOENT") throw error;
    });
    if (there && !there.isDirectory())
      throw Object.assign(new Error("not a folder"), { code: "EEXIST", path: dest });
    if (!there) madeParents = await mkdir(path.dirname(dest), { recursive: true });
    // On the same file system as what it becomes, whether dest is new or a mount of its own.
    const name = `.slipway-${randomName(12)}.tmp`;
    staging = path.join(there ? dest : path.dirname(dest), name);
    await mkdir(staging, 0o700);
    const owners = process.geteuid?.() === 0;
    const lost: Lost = { nodes: 0, attributes: 0, owners: 0 };
    const folders = await stageTree(staging, platformTrees(context, options.platformSplit), {
      epochSeconds: options.sourceDateEpochSeconds ?? context.sourceDateEpochSeconds,
      owners,
      signal,
      lost,
      report: (doneBytes) => report(doneBytes, 0),
    });
    signal.throwIfAborted();
    if (there) {
      await mergeInto(staging, dest, signal);
    } else {
      await chmod(staging, 0o777 & ~process.umask());
      await rename(staging, dest);
      staging = undefined;
      madeParents = undefined;
    }
    await finishFolders(dest, folders, { owners, lost });
    tellLosses(lost, context.progress);
  } catch (error) {
    if (staging !== undefined) await rm(staging, { recursive: true, force: true });
    if (madeParents !== undefined) await rm(madeParents, { recursive: true, force: true });
    signal.throwIfAborted();
    throw destinationError(error, dest, dest);
  } finally {
    if (staging !== undefined) await rm(staging, { recursive: true, force: true });
  }
}
