import type { StubFailureCode } from "../stub-protocol.ts";

/** A failure that the stub reports to slipway, which makes an error of @slipway/oci of it. */
export class StubFailure extends Error {
  readonly code: StubFailureCode;
  readonly hint: string;

  constructor(code: StubFailureCode, message: string, hint: string) {
    super(message);
    this.code = code;
    this.hint = hint;
  }
}

/** A system call that failed, with its errno by name. */
export class SystemCallError extends Error {
  /** `EPERM`, … */
  readonly errno: string;

  constructor(call: string, errno: string) {
    super(`${call}: ${errno}`);
    this.errno = errno;
  }
}
