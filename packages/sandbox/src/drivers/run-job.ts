import { constants } from "node:os";
import type { SandboxExit, SandboxIo } from "@slipway/engine-sdk";
import { InputError, WorldError } from "@slipway/oci";
import { outOfMemoryKills } from "./out-of-memory.ts";
import { serveSockets, type SocketServers } from "./serve-sockets.ts";
import type { Stub, StubEnd } from "./stub-launcher.ts";
import type { StubPool } from "./stub-pool.ts";
import type { StubJob, StubMessage } from "../stub-protocol.ts";

/** Runs a job on a stub of the pool to its end: the common part of all drivers that use stubs. */
export async function runJob(pool: StubPool, job: StubJob, io: SandboxIo): Promise<SandboxExit> {
  const { stub, waited } = pool.take();
  try {
    return await runStub(stub, job, { io, pool });
  } catch (error) {
    // Something may have killed it while it waited; that is no reason for a step to fail.
    if (!waited || io.signal.aborted || !(error instanceof WorldError && error.retryable)) throw error;
    return await runStub(pool.take({ fresh: true }).stub, job, { io, pool });
  }
}

async function runStub(
  stub: Stub,
  job: StubJob,
  { io, pool }: { io: SandboxIo; pool: StubPool },
): Promise<SandboxExit> {
  const { cgroupParent } = job.spec;
  const killsBefore = outOfMemoryKills(cgroupParent);
  let last: StubMessage | undefined;
  let started = false;
  let sockets: SocketServers | undefined;
  const early: [stream: "stdout" | "stderr", chunk: Buffer][] = [];
  let aborted: Promise<void> | undefined;
  const abort = (): void => void (aborted ??= stub.kill());
  if (io.signal.aborted) abort();
  else io.signal.addEventListener("abort", abort, { once: true });
  try {
    for (const stream of ["stdout", "stderr"] as const) {
      stub[stream].on("data", (chunk: Buffer) => {
        if (aborted !== undefined) return;
        // What comes before the start is a runtime's complaint: it is in the error.
        if (started) io.onOutput(stream, chunk);
        else early.push([stream, chunk]);
      });
    }
    stub.start(job, (message) => {
      if (message.kind === "sockets") {
        sockets = serveSockets(stub.takeSockets(message.count), job.spec.mounts, io);
        return;
      }
      if (message.kind !== "started") {
        last = message;
        return;
      }
      started = true;
      for (const [stream, chunk] of early.splice(0)) io.onOutput(stream, chunk);
    });
    const end = await stub.ended;
    if (aborted !== undefined) {
      await aborted;
      throw io.signal.reason;
    }
    if (pool.wasClosed(stub)) {
      throw new WorldError("SANDBOX_CLOSED", "the sandbox was closed while a process ran in it", {
        hint: "Run the build again.",
      });
    }
    const exit = exitOf(end, { started, last });
    const perhapsOutOfMemory =
      exit.kind === "signaled" ? exit.signal === "SIGKILL" : exit.kind === "exited" && exit.code === 137;
    return perhapsOutOfMemory && outOfMemoryKills(cgroupParent) > killsBefore
      ? { kind: "out-of-memory" }
      : exit;
  } finally {
    io.signal.removeEventListener("abort", abort);
    sockets?.close();
  }
}

function exitOf(end: StubEnd, said: { started: boolean; last: StubMessage | undefined }): SandboxExit {
  const { started, last } = said;
  if (last?.kind === "failed") throw failureOf(last);
  if (last?.kind === "exited") return { kind: "exited", code: last.code };
  if (last?.kind === "signaled") return { kind: "signaled", signal: signalName(last.signal) };
  if (!started) {
    throw new WorldError("SANDBOX_START_FAILED", `the sandbox could not be started: ${diagnosis(end)}`, {
      hint: "Run `slipway doctor` to see what this machine allows.",
      retryable: true,
    });
  }
  if (end.signal !== null) return { kind: "signaled", signal: end.signal };
  // util-linux before 2.39 can't die of SIGKILL in its child's stead, and complains about that instead: it is silent
  // after anything else.
  if (end.code === 1 && end.diagnostics !== "") return { kind: "signaled", signal: "SIGKILL" };
  return { kind: "exited", code: end.code ?? 1 };
}

function diagnosis(end: StubEnd): string {
  const lines = end.diagnostics
    .trim()
    .split("\n")
    .filter((line) => line.trim() !== "");
  const telling = lines.find((line) => /error|unshare|not |can't/i.test(line)) ?? lines[0];
  return (
    telling?.trim() ??
    (end.signal === null ? `its stub ended with status ${end.code}` : `its stub ended with ${end.signal}`)
  );
}

function failureOf(failure: Extract<StubMessage, { kind: "failed" }>): Error {
  const { code, message, hint } = failure;
  switch (code) {
    case "COMMAND_NOT_FOUND":
    case "COMMAND_NOT_EXECUTABLE":
    case "SANDBOX_CGROUP_UNUSABLE":
    case "SANDBOX_ROOT_UNUSABLE":
    case "SANDBOX_ULIMIT_UNKNOWN":
      return new InputError(code, message, { hint });
    default:
      return new WorldError(code, message, { hint });
  }
}

function signalName(number: number): string {
  return Object.entries(constants.signals).find(([, value]) => value === number)?.[0] ?? `signal ${number}`;
}
