import { constants } from "node:fs";
import { open, type FileHandle } from "node:fs/promises";
import path from "node:path";
import { digestHex, InputError, sha256, type Descriptor, type Digest } from "@slipway/oci";

/** A blob of a layout as it lies there, not checked: whoever takes it checks size and digest. */
export async function* readLayoutBlob(
  folder: string,
  descriptor: Pick<Descriptor, "digest">,
): AsyncGenerator<Uint8Array> {
  const handle = await openBlob(folder, descriptor.digest);
  try {
    for await (const chunk of handle.createReadStream({ highWaterMark: 1 << 18, autoClose: false }))
      yield chunk as Uint8Array;
  } finally {
    await handle.close();
  }
}

/**
 * A manifest, index or config of a layout, checked against its digest.
 * @throws InputError `OCI_LAYOUT_INVALID`, `IMAGE_NOT_FOUND`
 */
export async function readDocument(
  folder: string,
  descriptor: Pick<Descriptor, "digest"> & Partial<Descriptor>,
): Promise<Buffer> {
  const { MAX_DOCUMENT_BYTES } = await import("@slipway/oci/schemas");
  const handle = await openBlob(folder, descriptor.digest);
  try {
    const { size } = await handle.stat();
    if (size > MAX_DOCUMENT_BYTES) throw invalid(folder, `${descriptor.digest} is too large for a document`);
    const bytes = await handle.readFile();
    if (sha256(bytes) !== descriptor.digest)
      throw invalid(folder, `the content of ${descriptor.digest} is another (${sha256(bytes)})`);
    return bytes;
  } finally {
    await handle.close();
  }
}

async function openBlob(folder: string, digest: Digest): Promise<FileHandle> {
  const file = path.join(folder, "blobs/sha256", digestHex(digest));
  let handle: FileHandle;
  try {
    // A pipe must not hold the build up, and a link must not lead out.
    handle = await open(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ELOOP")
      throw invalid(folder, `${digest} is a symbolic link`);
    throw new InputError("IMAGE_NOT_FOUND", `the OCI layout ${folder} has no ${digest}`, {
      hint: "Check the folder and the digest; `index.json` lists the images that it has.",
      cause,
    });
  }
  if ((await handle.stat()).isFile()) return handle;
  await handle.close();
  throw invalid(folder, `${digest} is not a file`);
}

function invalid(folder: string, what: string): InputError {
  return new InputError("OCI_LAYOUT_INVALID", `the OCI layout ${folder} is damaged: ${what}`, {
    hint: "Write the layout anew.",
  });
}
