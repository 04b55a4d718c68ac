import type { Command } from "commander";
import type { FmtFlags } from "./commands/fmt.ts";
import type { AnswerFlags } from "./commands/outline.ts";
import { addQuestionOptions, SHARED_OPTIONS } from "./flags/shared-options.ts";
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
  addAnswerOptions(outline).action(async (context: string | undefined, flags: AnswerFlags) => {
    const { outlineCommand } = await import("./commands/outline.ts");
    done(await outlineCommand(context ?? ".", flags, io));
  });
}

/** `slipway targets` */
export function defineTargets(program: Command, { io, done }: Setting): void {
  const targets = program
    .command("targets")
    .summary("list the stages of a build file")
    .description("Lists the stages that --target may name, with their descriptions. Builds nothing.");
  addAnswerOptions(targets).action(async (context: string | undefined, flags: AnswerFlags) => {
    const { targetsCommand } = await import("./commands/targets.ts");
    done(await targetsCommand(context ?? ".", flags, io));
  });
}

function addAnswerOptions(command: Command): Command {
  command
    .argument("[PATH]", "the context, as for build, or the build file itself (default: .)")
    .option(...SHARED_OPTIONS.file)
    .option("--frontend <NAME>", "build language, instead of what the file says")
    .option("--format <FORMAT>", "text or json (default: text)", "text");
  return addQuestionOptions(command);
}

const FMT_EXAMPLES = `
Examples:
  slipway fmt                          the Dockerfiles of the current folder and all below it
  slipway fmt --check --diff .         for CI: show what would change, and fail if anything would
  slipway fmt - < Dockerfile           from stdin to stdout, for editors

Exit status: 0 done, 1 a file would change (--check) or could not be parsed, read or written, 2 wrong usage.`;
