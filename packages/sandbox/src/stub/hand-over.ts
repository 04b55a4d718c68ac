import { closeSync } from "node:fs";
import { stubFds, type StubMessage } from "../stub-protocol.ts";
import type { Libc } from "./libc.ts";

/** Gives slipway the descriptors that listen on the sandbox's sockets, and keeps none. */
export function handOver(libc: Libc, sockets: readonly number[], say: (message: StubMessage) => void): void {
  if (sockets.length === 0) return;
  for (const fd of sockets) {
    libc.sendDescriptor(stubFds.handover, fd);
    closeSync(fd);
  }
  say({ kind: "sockets", count: sockets.length });
}
