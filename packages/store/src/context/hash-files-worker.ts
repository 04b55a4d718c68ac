import { parentPort } from "node:worker_threads";
import { digestHex, SlipwayError } from "@slipway/oci";
import { errnoOf } from "../syscalls/fs-errors.ts";
import type { FileIdentity } from "../layer-index/entry.ts";
import { FileHasher } from "./hash-file.ts";
import type { HashAnswer, HashRequest } from "./hash-files.ts";

// Entry of the worker thread that hashes many files. Requests and answers are flat: cloning objects would cost more.

const hasher = new FileHasher();

parentPort?.on("message", (request: HashRequest) => parentPort?.postMessage(answer(request)));

function answer(request: HashRequest): HashAnswer {
  const paths = request.paths.split("\0");
  const digests = Buffer.allocUnsafeSlow(paths.length * 32);
  for (const [i, path] of paths.entries()) {
    const [dev, ino, size, mtimeNs, ctimeNs, checked] = request.identities.subarray(
      i * 6,
      i * 6 + 6,
    ) as unknown as [bigint, bigint, bigint, bigint, bigint, bigint];
    const sizeBytes = Number(size);
    const identity: FileIdentity = { dev, ino, sizeBytes, mtimeNs, ctimeNs };
    try {
      const digest = hasher.hash(checked === 1n ? { path, sizeBytes, identity } : { path, sizeBytes });
      digests.write(digestHex(digest), i * 32, 32, "hex");
    } catch (error) {
      // The class of an error does not survive the trip: the other side does this file again and gets its own.
      return { failed: i, errno: errnoOf(error) ?? (error instanceof SlipwayError ? error.code : "unknown") };
    }
  }
  return { digests: new Uint8Array(digests.buffer) };
}
