import { add } from "./instructions/add.ts";
import { arg } from "./instructions/arg.ts";
import { cmd } from "./instructions/cmd.ts";
import { copy } from "./instructions/copy.ts";
import { entrypoint } from "./instructions/entrypoint.ts";
import { env } from "./instructions/env.ts";
import { expose } from "./instructions/expose.ts";
import { from } from "./instructions/from.ts";
import { healthcheck } from "./instructions/healthcheck.ts";
import { include } from "./instructions/include.ts";
import { label } from "./instructions/label.ts";
import { maintainer } from "./instructions/maintainer.ts";
import { onbuild } from "./instructions/onbuild.ts";
import { run } from "./instructions/run.ts";
import { shell } from "./instructions/shell.ts";
import { stopsignal } from "./instructions/stopsignal.ts";
import { user } from "./instructions/user.ts";
import { volume } from "./instructions/volume.ts";
import { workdir } from "./instructions/workdir.ts";
import type { FlagDocumentation, InstructionDocumentation } from "./instruction-documentation.ts";

/** All instructions, in the order of the alphabet. */
export const INSTRUCTION_DOCUMENTATION: readonly InstructionDocumentation[] = [
  add, arg, cmd, copy, entrypoint, env, expose, from, healthcheck,
  label, maintainer, onbuild, run, shell, stopsignal, user, volume, workdir,
]; // prettier-ignore

/** What `# slipway=` turns on. */
export const EXTENSION_DOCUMENTATION: readonly InstructionDocumentation[] = [include];

/** By name, in any case; extensions included. */
export function instructionDocumentation(name: string): InstructionDocumentation | undefined {
  const wanted = name.toUpperCase();
  return [...INSTRUCTION_DOCUMENTATION, ...EXTENSION_DOCUMENTATION].find((each) => each.name === wanted);
}

/** @param name without the dashes */
export function flagDocumentation(instruction: string, name: string): FlagDocumentation | undefined {
  return instructionDocumentation(instruction)?.flags.find((flag) => flag.name === name);
}
