import { constants } from "node:fs";
import { access, copyFile, mkdir, open, readFile, rename, rm } from "node:fs/promises";
import path from "node:path";
import { InputError, randomName, type Descriptor } from "@slipway/oci";
import type { Report } from "../export-progress.ts";
import { createFileSink } from "../files/byte-sink.ts";
import { destinationError } from "../files/destination-error.ts";
import { encodeIndex } from "../image/go-json.ts";
import type { ImageSet } from "../image/image-set.ts";
import {
  blobFiles,
  LAYOUT_MARKER,
  rootDescriptors,
  type LayoutFile,
  type LayoutOptions,
} from "./layout-files.ts";
import { writeLayoutFile } from "./write-blob.ts";

const REF_NAME = "org.opencontainers.image.ref.name";
const IMAGE_NAME = "io.containerd.image.name";

/** Puts a file in its place in one step. */
async function place(target: string, write: (temporary: string) => Promise<void>): Promise<void> {
  const temporary = `${target}.${randomName(12)}.tmp`;
  try {
    await write(temporary);
    await rename(temporary, target);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

async function writeFileTo(file: string, signal: AbortSignal, source: LayoutFile): Promise<void> {
  if (source.kind === "layer" && source.layer.path !== undefined) {
    // Shares the blocks where the file system can; a hard link would let the layout's owner change the store.
    await copyFile(source.layer.path, file, constants.COPYFILE_FICLONE);
    return;
  }
  const handle = await open(file, "wx", 0o644);
  try {
    const sink = createFileSink(handle, signal);
    await writeLayoutFile(sink, source, signal);
    await sink.flush();
  } finally {
    await handle.close();
  }
}

async function readIndex(file: string, dest: string): Promise<readonly Descriptor[]> {
  let bytes: Buffer;
  try {
    bytes = await readFile(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
  const { parseIndex } = await import("@slipway/oci/schemas");
  try {
    return parseIndex(bytes).manifests;
  } catch (cause) {
    throw new InputError("EXPORT_DEST_INVALID", `${dest} has an index.json that is not an image layout's`, {
      hint: "Choose another dest, or remove what is there.",
      cause,
    });
  }
}

/** True for an entry that the new ones take the place of: of the same name, or the same image without one. */
function isReplaced(old: Descriptor, fresh: readonly Descriptor[]): boolean {
  return fresh.some((one) => {
    const name = one.annotations?.[IMAGE_NAME];
    const oldName = old.annotations?.[IMAGE_NAME];
    if (name !== undefined && oldName !== undefined) return name === oldName;
    if (one.annotations?.[REF_NAME] !== undefined)
      return one.annotations[REF_NAME] === old.annotations?.[REF_NAME];
    return one.digest === old.digest && old.annotations?.[REF_NAME] === undefined;
  });
}

/**
 * Writes an image layout as a folder. A layout that is there is added to: its other images stay. Nothing names the
 * new blobs before all of them are there; after a failure they are gone again.
 * @throws InputError `EXPORT_DEST_INVALID`; WorldError `DISK_FULL`
 */
export async function writeLayoutFolder(
  dest: string,
  set: ImageSet,
  options: LayoutOptions & { readonly signal: AbortSignal; readonly report: Report },
): Promise<void> {
  const { signal, report } = options;
  const created: string[] = [];
  let madeFolder: string | undefined;
  try {
    const old = await readIndex(path.join(dest, "index.json"), dest);
    madeFolder = await mkdir(path.join(dest, "blobs/sha256"), { recursive: true });
    const files = blobFiles(set);
    const totalBytes = files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
    let doneBytes = 0;
    for (const file of files) {
      signal.throwIfAborted();
      const target = path.join(dest, file.path);
      const there = await access(target).then(
        () => true,
        () => false,
      );
      if (!there) {
        await place(target, (temporary) => writeFileTo(temporary, signal, file));
        created.push(target);
      }
      doneBytes += file.sizeBytes;
      report(doneBytes, totalBytes);
    }
    const fresh = rootDescriptors(set, options.names);
    const manifests = [...old.filter((one) => !isReplaced(one, fresh)), ...fresh];
    const write = (name: string, bytes: Buffer) =>
      place(path.join(dest, name), (temporary) =>
        writeFileTo(temporary, signal, { path: name, kind: "bytes", bytes, sizeBytes: bytes.length }),
      );
    await write("oci-layout", LAYOUT_MARKER);
    signal.throwIfAborted();
    await write("index.json", encodeIndex({ schemaVersion: 2, manifests }));
  } catch (error) {
    await Promise.all(created.map((file) => rm(file, { force: true })));
    if (madeFolder !== undefined) await rm(madeFolder, { recursive: true, force: true });
    signal.throwIfAborted();
    throw destinationError(error, dest, dest);
  }
}
