import { closeSync } from "node:fs";
import { Socket } from "node:net";
import type { Koffi } from "../koffi-native.ts";

/**
 * A pipe whose read end is a stream and whose write end is a descriptor to give to a child. Node's own `stdio: "pipe"`
 * makes sockets, on which `echo > /dev/stderr` fails.
 */
export interface OutputPipe {
  readonly reader: Socket;
  /** Close it, once the child has it. */
  readonly writeFd: number;
}

const O_CLOEXEC = 0o2000000;
const F_SETPIPE_SZ = 1031;
const pipeSizeBytes = 1024 * 1024;

/** Returns a function that makes pipes. */
export function pipeMaker(koffi: Koffi): () => OutputPipe {
  const c = koffi.load(null as unknown as string);
  const pipe2 = c.func("int pipe2(void *, int)");
  const fcntl = c.func("int fcntl(int, int, long)");
  return () => {
    const fds = Buffer.alloc(8);
    if ((pipe2(fds, O_CLOEXEC) as number) < 0) throw new Error(`pipe2 failed with errno ${koffi.errno()}`);
    const [readFd, writeFd] = [fds.readInt32LE(0), fds.readInt32LE(4)];
    // A user's share of pipe pages may be used up; then the default of 64 KiB remains.
    fcntl(readFd, F_SETPIPE_SZ, pipeSizeBytes);
    try {
      return { reader: new Socket({ fd: readFd, readable: true, writable: false }), writeFd };
    } catch (error) {
      closeSync(readFd);
      closeSync(writeFd);
      throw error;
    }
  };
}
