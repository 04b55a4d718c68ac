import type { StubJob, StubMessage, StubRuntime } from "../stub-protocol.ts";
import type { Libc } from "./libc.ts";

export function superviseRuntime(_libc: Libc, _job: StubJob, _options: { runtime: StubRuntime; say: (message: StubMessage) => void }): void {
  throw new Error("not there yet");
}
