import type { Command } from "commander";
import type { FmtFlags } from "./commands/fmt.ts";
import type { AnswerFlags } from "./commands/outline.ts";
import type { Host } from "./host.ts";

/** What commands run with. */
interface Setting {
  readonly io: Host;
  readonly done: (status: number) => void;
}

/** `slipway fmt` */
export function defineFmt(program: Command, { io, done }: Setting): void {
  program
    .command("fmt")
    .summary("lay out Dockerfiles")
    .description(
      "Lays out Dockerfiles in place and prints the names of those that changed. What a file says stays the same; what can't be parsed stays as it is.",
    )
    .argument("[FILE...]", "files, folders that hold Dockerfiles, or - for stdin to stdout (default: .)")
    .option("--check", "write nothing; fail and print names when files would change")
    .option("-d, --diff", "write nothing; print what would change")
    .option("-w, --write", "write the files, as without flags; with --diff write them, too")
    .addHelpText("after", FMT_EXAMPLES)
    .action(async (names: readonly string[], flags: FmtFlags) => {
      const { fmtCommand } = await import("./commands/fmt.ts");
      done(await fmtCommand(names, flags, io));
    });
}

/** `slipway outline` */
export function defineOutline(program: Command, { io, done }: Setting): void {
  const outline = program
    .command("outline")
    .summary("show what a target can be told from outside")
    .description(
      "Lists the build arguments of a target and of what it needs, with values and descriptions, its secrets, ssh agents and caches. Builds nothing.",
    )
    .option("--target <STAGE>", "this stage instead of the last");
  addQuestionOptions(outline).action(async (context: string, flags: AnswerFlags) => {
    const { outlineCommand } = await import("./commands/outline.ts");
    done(await outlineCommand(context, flags, io));
  });
}

/** `slipway targets` */
export function defineTargets(program: Command, { io, done }: Setting): void {
  const targets = program
    .command("targets")
    .summary("list the stages of a build file")
    .description("Lists the stages that --target may name, with their descriptions. Builds nothing.");
  addQuestionOptions(targets).action(async (context: string, flags: AnswerFlags) => {
    const { targetsCommand } = await import("./commands/targets.ts");
    done(await targetsCommand(context, flags, io));
  });
}

function addQuestionOptions(command: Command): Command {
  return command
    .argument("[PATH]", "the context, as for build, or the build file itself", ".")
    .option(
      "-f, --file <FILE>",
      "the build file, relative to the current folder; - for stdin (default: PATH/Dockerfile, PATH/Containerfile)",
    )
    .option("--build-arg <NAME[=VALUE]>", "value of an ARG (repeatable)", collect, [])
    .option("--build-context <NAME=VALUE>", "a further context (repeatable)", collect, [])
    .option("--platform <PLATFORM>", "platform to build for, for example linux/arm64", collect, [])
    .option("--frontend <NAME>", "build language, instead of what the file says")
    .option("--format <FORMAT>", "text or json; default: text", "text")
    .option("--root <FOLDER>", "the store (default: $SLIPWAY_ROOT, or ~/.local/share/slipway)")
    .option("--insecure-registry <HOST>", "registry that is spoken to without TLS (repeatable)", collect, [])
    .option("-D, --debug", "on failure, print causes and stacks");
}

function collect(value: string, previous: readonly string[]): readonly string[] {
  return [...previous, value];
}

const FMT_EXAMPLES = `
Examples:
  slipway fmt                          the Dockerfiles of the current folder and all below it
  slipway fmt --check --diff .         for CI: show what would change, and fail if anything would
  slipway fmt - < Dockerfile           from stdin to stdout, for editors

Exit status: 0 done, 1 a file would change (--check) or could not be parsed, read or written, 2 wrong usage.`;
