import { didYouMean } from "../did-you-mean.ts";
import type { Word } from "../syntax/syntax-tree.ts";
import type { Checker } from "./checker.ts";
import type { RunCommand } from "./command.ts";
import { csvMistake } from "./csv.ts";
import { readDevice, type DeviceSpec } from "./device.ts";
import { MountError, readMount } from "./mount.ts";

/** The flags of RUN. */
export const RUN_FLAGS = { mount: "texts", network: "text", security: "text", device: "texts" } as const;

/** What is wrong with a RUN of nothing. */
export const NO_COMMAND = {
  code: "INSTRUCTION_ARGUMENTS",
  message: "RUN has no command",
  hint: "Write the command behind RUN.",
} as const;
/** What is wrong with a `--device` that names none. */
export const NO_DEVICE = {
  code: "FLAG_VALUE",
  message: "--device names no device",
  hint: "Write --device=vendor.com/class=name or --device=name,required.",
} as const;

const NETWORKS = ["default", "none", "host"];
const SECURITIES = ["sandbox", "insecure"];

/** Checks RUN. */
export function checkRun(checker: Checker): RunCommand | undefined {
  const { node } = checker;
  const flags = checker.flags(RUN_FLAGS);
  const mounts = flags.texts("mount");
  for (const mount of mounts) {
    if (mount.text === "") {
      checker.report(mount.span, {
        code: "MOUNT_INVALID",
        message: "--mount is empty",
        hint: "Say what is mounted and where, for example --mount=type=cache,target=/root/.cache.",
      });
      continue;
    }
    const mistake = csvMistake(mount);
    if (mistake !== undefined) {
      checker.report(mistake.span, {
        code: "MOUNT_INVALID",
        message: `the quotes of --mount do not fit together: ${mistake.text}`,
        hint: 'Put quotes around a whole field, "target=/a,b", and double those within it.',
      });
      continue;
    }
    // Values with variables can be judged only when the variables are known.
    const namesVariably = /(?:^|,)from=[^,]*\$/i.test(mount.text);
    // What a mount is from has to be known before it is known which stages are needed.
    if (namesVariably) guarded(checker, () => readMount(mount, (word) => word.text));
    else if (!mount.text.includes("$")) checkMount(checker, mount);
  }
  const network = choice(checker, { flag: flags.text("network"), what: "network", choices: NETWORKS });
  const security = choice(checker, {
    flag: flags.text("security"),
    what: "security mode",
    choices: SECURITIES,
  });
  const devices = flags
    .texts("device")
    .map((device) => guarded(checker, () => readDevice(device)))
    .filter((device): device is DeviceSpec => device !== undefined);
  for (const { name } of devices) if (name.text === "") checker.reportIfNeeded(name.span, NO_DEVICE);
  const line = checker.commandLine(node.arguments);
  if (line === undefined) return undefined;
  if (line.args.length === 0) {
    // Docker lets the shell run nothing.
    if (line.form === "exec") checker.reportIfNeeded(node.keyword.span, NO_COMMAND);
    else checker.warn(node.keyword.span, NO_COMMAND);
  }
  return {
    kind: "run",
    node,
    line: line.args.length === 0 && line.form === "shell" ? { form: "shell", args: [""] } : line,
    mounts,
    network: network as RunCommand["network"],
    security: security as RunCommand["security"],
    devices,
  };
}

function checkMount(checker: Checker, mount: Word): void {
  try {
    readMount(mount, (word) => word.text);
  } catch (error) {
    if (!(error instanceof MountError)) throw error;
    checker.reportIfNeeded(error.word.span, { code: error.code, message: error.message, hint: error.hint });
  }
}

/** The value of a flag that has a fixed set of them; the first is the default. */
function choice(
  checker: Checker,
  options: { readonly flag: Word | undefined; readonly what: string; readonly choices: readonly string[] },
): string {
  const { flag, what, choices } = options;
  const value = flag?.text ?? choices[0]!;
  if (flag === undefined || choices.includes(value)) return value;
  const all = `${choices.slice(0, -1).join(", ")} or ${choices.at(-1)}`;
  const hint = flag.text.includes("$") ? `It takes no variables: it is ${all}.` : `It is ${all}.`;
  checker.report(flag.span, {
    code: "FLAG_VALUE",
    message: `there is no ${what} "${flag.text}"`,
    hint: didYouMean(flag.text, choices, hint),
  });
  return value;
}

function guarded<T>(checker: Checker, read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof MountError)) throw error;
    return checker.report(error.word.span, { code: error.code, message: error.message, hint: error.hint });
  }
}
