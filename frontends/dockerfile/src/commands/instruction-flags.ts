import { ADD_FLAGS, COPY_FLAGS } from "./check-copy.ts";
import { RUN_FLAGS } from "./check-run.ts";
import { FROM_FLAGS } from "./check.ts";
import type { FlagKinds } from "./checker.ts";
import { HEALTHCHECK_FLAGS } from "./healthcheck.ts";

/**
 * The flags that the checker knows, by instruction in lower case and by name without the dashes. Instructions that are
 * not listed take none.
 */
export const INSTRUCTION_FLAGS: Readonly<Record<string, FlagKinds>> = {
  from: FROM_FLAGS,
  run: RUN_FLAGS,
  copy: COPY_FLAGS,
  add: ADD_FLAGS,
  healthcheck: HEALTHCHECK_FLAGS,
};
