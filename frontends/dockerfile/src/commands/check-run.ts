import { didYouMean } from "../did-you-mean.ts";
import type { Word } from "../syntax/syntax-tree.ts";
import type { Checker } from "./checker.ts";
import type { RunCommand } from "./command.ts";
import { MountError, readMount } from "./mount.ts";

/** The flags of RUN. */
export const RUN_FLAGS = { mount: "texts", network: "text", security: "later", device: "later" } as const;

/** Checks RUN. */
export function checkRun(checker: Checker): RunCommand | undefined {
  const { node } = checker;
  const flags = checker.flags(RUN_FLAGS);
  if (checker.refuseHeredocs()) return undefined;
  const mounts = flags.texts("mount");
  for (const mount of mounts) {
    // Values with variables can be judged only when the variables are known.
    if (!mount.text.includes("$") || /(?:^|,)from=[^,]*\$/i.test(mount.text)) checkMount(checker, mount);
  }
  const network = flags.text("network");
  const mode = network?.text.toLowerCase() ?? "default";
  if (network !== undefined && !["default", "none", "host"].includes(mode)) {
    const modes = ["default", "none", "host"];
    checker.report(network.span, {
      code: "FLAG_VALUE",
      message: `there is no network "${network.text}"`,
      hint: didYouMean(network.text, modes, "It is default, none or host."),
    });
  }
  const line = checker.commandLine(node.arguments);
  if (line === undefined) return undefined;
  if (line.args.length === 0) return checker.arguments("needs a command", "Write the command behind RUN.");
  return { kind: "run", node, line, mounts, network: mode as RunCommand["network"] };
}

function checkMount(checker: Checker, mount: Word): void {
  try {
    readMount(mount, (word) => word.text);
  } catch (error) {
    if (!(error instanceof MountError)) throw error;
    checker.report(error.word.span, { code: error.code, message: error.message, hint: error.hint });
  }
}
