import { readSync } from "node:fs";
import { decodeJob, stubFds, type StubJob } from "../stub-protocol.ts";

/** Reads the job; undefined when slipway went away before it had one. */
export function readJob(): StubJob | undefined {
  const header = readExactly(4);
  const body = header && readExactly(header.readUInt32LE(0));
  return body && decodeJob(body);
}

function readExactly(size: number): Buffer | undefined {
  const buffer = Buffer.alloc(size);
  for (let filled = 0; filled < size;) {
    const count = readSync(stubFds.control, buffer, filled, size - filled, null);
    if (count === 0) return undefined;
    filled += count;
  }
  return buffer;
}
