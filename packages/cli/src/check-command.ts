import type { Command } from "commander";
import type { CheckFlags } from "./commands/check.ts";
import { addQuestionOptions, collect, SHARED_OPTIONS } from "./flags/shared-options.ts";
import type { Host } from "./host.ts";

/** `slipway check` */
export function defineCheck(
  program: Command,
  { io, done }: { readonly io: Host; readonly done: (status: number) => void },
): void {
  const check = program
    .command("check")
    .summary("find mistakes and bad habits in a Dockerfile")
    .description(
      "Checks a Dockerfile against rules: BuildKit's build checks and our own. Tells everything that would stop a build, too. Builds nothing.",
    )
    .argument("[PATH]", "the context, as for build, or the build file itself (default: .)")
    .option(...SHARED_OPTIONS.file)
    .option("--format <FORMAT>", "text, json or sarif (default: text)", "text")
    .option("-o, --output <FILE>", "write to a file instead of stdout")
    .option("--fix", "first mend in the file what can be mended for certain")
    .option("--rule <NAMES>", "only these rules (repeatable)", collect, [])
    .option(
      "--enable <NAMES>",
      "further rules, which are off unless they are named (repeatable)",
      collect,
      [],
    )
    .option("--skip <NAMES>", "not these rules (repeatable)", collect, [])
    .option("--offline", "look no images up: rules that need them keep silent")
    .option("--target <STAGE>", "the stage that is built, instead of the last")
    .addHelpText("after", EXAMPLES);
  addQuestionOptions(check).action(async (place: string | undefined, flags: CheckFlags) => {
    const { checkCommand } = await import("./commands/check.ts");
    done(await checkCommand(place ?? ".", flags, io));
  });
}

const EXAMPLES = `
Examples:
  slipway check
  slipway check --fix docker/Dockerfile
  slipway check --enable BaseImageDigest --format sarif -o slipway.sarif .

In the file: # check=skip=RULE,RULE on its first line, or right above one instruction.
Exit status: 0 nothing found, 1 something found, 2 wrong usage.`;
