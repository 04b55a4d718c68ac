import { describe, expect, test } from "vitest";
import type { ExecOp } from "@slipway/ir";
import { processFailure } from "./process-failure.ts";

const op = (validExitCodes: number[] = []): ExecOp =>
  ({ kind: "exec", meta: { args: ["/bin/sh", "-c", "make"], validExitCodes } }) as unknown as ExecOp;

describe("processFailure", () => {
  test("success is no failure, and so is any exit code that the step allows", () => {
    expect(processFailure({ kind: "exited", code: 0 }, op())).toBeUndefined();
    expect(processFailure({ kind: "exited", code: 3 }, op([0, 3]))).toBeUndefined();
    expect(processFailure({ kind: "exited", code: 0 }, op([3]))).toMatchObject({ code: "RUN_FAILED" });
  });

  test("exit code, signal and lack of memory are told apart", () => {
    expect(processFailure({ kind: "exited", code: 2 }, op())).toMatchObject({
      code: "RUN_FAILED",
      message: 'process "/bin/sh -c make" did not complete successfully: exit code: 2',
      data: { exitCode: 2 },
    });
    expect(processFailure({ kind: "signaled", signal: "SIGSEGV" }, op())).toMatchObject({
      code: "RUN_KILLED",
      data: { signal: "SIGSEGV" },
    });
    expect(processFailure({ kind: "out-of-memory" }, op())).toMatchObject({ code: "RUN_OUT_OF_MEMORY" });
  });

  test.each([
    [127, "not found"],
    [126, "can't be executed"],
  ])("exit code %i comes with what it usually means", (code, hint) => {
    expect(processFailure({ kind: "exited", code }, op())?.hint).toContain(hint);
  });
});
