import type { Command } from "commander";

/** What several commands call alike, in the same words. */
export const SHARED_OPTIONS = {
  file: [
    "-f, --file <FILE>",
    "the build file, relative to the current folder; - for stdin (default: PATH/Dockerfile, PATH/Containerfile)",
  ],
  sandbox: ["--sandbox <NAME>", "the sandbox that RUN uses; `slipway doctor` lists them"],
  insecureRegistry: ["--insecure-registry <HOST>", "registry that is spoken to without TLS (repeatable)"],
} as const;

/** Adds the flags of every command that opens the store. */
export function addStoreOptions(command: Command): Command {
  return command
    .option("--root <FOLDER>", "the store (default: $SLIPWAY_ROOT, or ~/.local/share/slipway)")
    .option("-D, --debug", "on failure, print causes and stacks");
}

/** Adds the flags of commands that ask about a build file and may look up images for it. */
export function addQuestionOptions(command: Command): Command {
  command
    .option("--build-arg <NAME[=VALUE]>", "value of an ARG (repeatable)", collect, [])
    .option("--build-context <NAME=VALUE>", "a further context (repeatable)", collect, [])
    .option("--platform <PLATFORM>", "platform to build for, for example linux/arm64", collect, [])
    .option(...SHARED_OPTIONS.insecureRegistry, collect, []);
  return addStoreOptions(command);
}

/** Puts the values of a repeatable flag into a list. */
export function collect(value: string, previous: readonly string[]): readonly string[] {
  return [...previous, value];
}
