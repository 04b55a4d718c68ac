import type { Diagnostic } from "@slipway/frontend-sdk";

/** What a build says of its file. */
export interface BuildFindings {
  readonly diagnostics: readonly Diagnostic[];
  /** The rules that fail the build, since the file asks for it; mostly none. */
  readonly violated: readonly string[];
}
