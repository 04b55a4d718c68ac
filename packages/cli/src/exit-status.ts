import { SlipwayError } from "@slipway/oci";
import { InterruptedError } from "./interrupt.ts";

/** What a finished command tells the shell. */
export const EXIT_OK = 0;
export const EXIT_FAILED = 1;
export const EXIT_USAGE = 2;

/** Errors of others that say that a flag is wrong. */
const USAGE_CODES = new Set([
  "USAGE",
  "EXPORTER_UNKNOWN",
  "EXPORTER_OPTION_INVALID",
  "FRONTEND_UNKNOWN",
  "SANDBOX_UNKNOWN",
]);

/** 2 when the command line is wrong, 128 and the signal after an interruption, 1 for all else that can go wrong. */
export function exitStatusOf(error: unknown): number {
  if (error instanceof InterruptedError) return error.exitStatus;
  return error instanceof SlipwayError && USAGE_CODES.has(error.code) ? EXIT_USAGE : EXIT_FAILED;
}
