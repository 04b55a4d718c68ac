import type { Command } from "commander";
import { UsageError } from "../usage-error.ts";

const TRUE = new Set(["true", "1", "t"]);
const FALSE = new Set(["false", "0", "f"]);

/**
 * Docker's flags without a value may be written `--push=true` and `--push=false`, which scripts do. Gives the arguments
 * with `=true` cut off and flags with `=false` left out.
 * @throws UsageError for other values.
 */
export function expandBooleans(argv: readonly string[], program: Command): string[] {
  const command = program.commands.find((each) => each.name() === argv[0]);
  const flags = new Set(
    command?.options.filter((option) => !option.required && !option.optional).map((option) => option.long),
  );
  const end = argv.indexOf("--");
  return argv.flatMap((argument, index) => {
    const match = end >= 0 && index > end ? null : /^(--[a-z-]+)=(.*)$/.exec(argument);
    if (!match || !flags.has(match[1])) return [argument];
    const value = (match[2] ?? "").toLowerCase();
    if (TRUE.has(value)) return [match[1] ?? ""];
    if (FALSE.has(value)) return [];
    throw new UsageError(
      `${match[1]} is true or false, not "${match[2]}"`,
      `Write ${match[1]} alone, or leave it away.`,
    );
  });
}
