import { closeSync } from "node:fs";
import type { Koffi } from "../koffi-native.ts";

/**
 * A pair of sockets over which a stub hands descriptors to slipway. Node reads sockets in a way that drops descriptors:
 * this end is no stream of Node's.
 */
export interface Handover {
  /** The stub's end; close it, once the child has it. */
  readonly childFd: number;
  /** So many descriptors, which the stub has sent already. */
  receive(count: number): number[];
  /** Closes this end; does nothing the second time. */
  close(): void;
}

const AF_UNIX = 1;
const SOCK_STREAM_CLOEXEC = 1 | 0o2000000;
const MSG_DONTWAIT_CLOEXEC = 0x40 | 0x40000000;

/** Returns a function that makes pairs. */
export function handoverMaker(koffi: Koffi): () => Handover {
  const c = koffi.load(null as unknown as string);
  const socketpair = c.func("int socketpair(int, int, int, void *)");
  const recvmsg = c.func("long recvmsg(int, void *, int)");
  const receiveOne = (fd: number): number => {
    // A header, a vector of one part with one byte, and room for a control message of one descriptor; see unix(7).
    const [message, vector, byte, control] = [56, 16, 1, 24].map((size) => Buffer.alloc(size)) as [
      Buffer,
      Buffer,
      Buffer,
      Buffer,
    ];
    vector.writeBigUInt64LE(BigInt(koffi.address(byte)), 0);
    vector.writeBigUInt64LE(1n, 8);
    message.writeBigUInt64LE(BigInt(koffi.address(vector)), 16);
    message.writeBigUInt64LE(1n, 24);
    message.writeBigUInt64LE(BigInt(koffi.address(control)), 32);
    message.writeBigUInt64LE(BigInt(control.length), 40);
    const size = recvmsg(fd, message, MSG_DONTWAIT_CLOEXEC) as number;
    if (size !== 1 || control.readBigUInt64LE(0) !== 20n)
      throw new Error(`no descriptor came from the sandbox (errno ${koffi.errno()})`);
    return control.readInt32LE(16);
  };
  return () => {
    const fds = Buffer.alloc(8);
    if ((socketpair(AF_UNIX, SOCK_STREAM_CLOEXEC, 0, fds) as number) < 0)
      throw new Error(`socketpair failed with errno ${koffi.errno()}`);
    const [ownFd, childFd] = [fds.readInt32LE(0), fds.readInt32LE(4)];
    let open = true;
    return {
      childFd,
      receive: (count) => Array.from({ length: count }, () => receiveOne(ownFd)),
      close() {
        if (open) closeSync(ownFd);
        open = false;
      },
    };
  };
}
