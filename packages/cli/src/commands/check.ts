import { readFileSync, statSync } from "node:fs";
import path from "node:path";
import { EXIT_FAILED, EXIT_OK } from "../exit-status.ts";
import type { EngineFlags } from "../flags/build-flags.ts";
import { resolveBuildInputs } from "../flags/build-inputs.ts";
import type { Host } from "../host.ts";
import { readLintAnswer, type LintAnswer } from "../report/lint-answer.ts";
import { UsageError } from "../usage-error.ts";
import { askFrontend, NO_FLAGS, type AskFlags } from "./ask-frontend.ts";
import { replaceFile } from "./replace-file.ts";
import { writeAll, writeFileAtomically } from "./write-output.ts";

export interface CheckFlags extends EngineFlags {
  readonly file?: string;
  readonly target?: string;
  readonly buildArg: readonly string[];
  readonly buildContext: readonly string[];
  readonly platform: readonly string[];
  readonly format: string;
  readonly output?: string;
  readonly fix?: boolean;
  readonly rule: readonly string[];
  readonly enable: readonly string[];
  readonly skip: readonly string[];
  readonly offline?: boolean;
}

const FORMATS = ["text", "json", "sarif"];

/**
 * `slipway check`: what rules find in a build file, and what would stop a build of it.
 * @returns the exit status: 0 when there is nothing, 1 when there is something
 * @throws UsageError
 */
export async function checkCommand(place: string, flags: CheckFlags, io: Host): Promise<number> {
  if (!FORMATS.includes(flags.format))
    throw new UsageError(`--format "${flags.format}" is not supported`, `Use one of ${FORMATS.join(", ")}.`);
  const { context, build } = askFlags(place, flags, io);
  const rules = await ruleOptions(flags);
  const { uri, fragmentUri } = await fix(context, build, { flags, io });
  const offline = flags.offline ? "true" : "auto";
  const options = { "lint:set": "check", "lint:offline": offline, ...rules };
  const { json } = await askFrontend({ requestid: "frontend.lint", context, flags: build, options }, io);
  const result = readLintAnswer(json);
  const report = await printed(flags.format, { json, result, uri, fragmentUri });
  if (flags.output === undefined || flags.output === "-") await writeAll(io.stdout, report);
  else writeFileAtomically(path.resolve(io.cwd, flags.output), report);
  return result.warnings.length + result.errors.length > 0 ? EXIT_FAILED : EXIT_OK;
}

/** PATH may be the build file itself. */
function askFlags(place: string, flags: CheckFlags, io: Host): { context: string; build: AskFlags } {
  const isFile =
    flags.file === undefined &&
    place !== "-" &&
    statSync(path.resolve(io.cwd, place), { throwIfNoEntry: false })?.isFile() === true;
  if (!isFile) return { context: place, build: flags };
  return { context: path.dirname(path.resolve(io.cwd, place)), build: { ...flags, file: place } };
}

function list(values: readonly string[]): readonly string[] {
  return values
    .flatMap((value) => value.split(","))
    .map((name) => name.trim())
    .filter((name) => name !== "");
}

/** @throws UsageError when a rule does not exist */
async function ruleOptions(flags: CheckFlags): Promise<Record<string, string>> {
  const [only, also, skip] = [list(flags.rule), list(flags.enable), list(flags.skip)];
  const named = [...only, ...also, ...skip];
  if (named.length > 0) {
    const { nearestName, RULES } = await import("@slipway/frontend-dockerfile/language");
    const known = new Set(RULES.map(({ name }) => name));
    const unknown = named.find((name) => !known.has(name));
    if (unknown !== undefined) {
      const near = nearestName(unknown, known);
      throw new UsageError(
        `there is no rule "${unknown}"`,
        near === undefined ? "docs/rules/README.md lists the rules." : `Did you mean ${near}?`,
      );
    }
  }
  return {
    ...(only.length > 0 ? { "lint:only": only.join(",") } : {}),
    ...(also.length > 0 ? { "lint:also": also.join(",") } : {}),
    ...(skip.length > 0 ? { "lint:skip": skip.join(",") } : {}),
  };
}

/** Where reports say that files are. */
interface Places {
  /** The build file's path, relative to the current folder where it is below it. */
  readonly uri: string;
  /** The same for a fragment of the build context. */
  readonly fragmentUri: (file: string) => string | undefined;
}

/** Mends the build file if that is asked for. */
async function fix(
  context: string,
  build: AskFlags,
  { flags, io }: { flags: CheckFlags; io: Host },
): Promise<Places> {
  const fragmentUri = (): undefined => undefined;
  if (context === "-" || build.file === "-") {
    if (flags.fix)
      throw new UsageError("--fix can't write to stdin", "Name the build file: slipway check --fix PATH.");
    return { uri: "Dockerfile", fragmentUri };
  }
  const inputs = await resolveBuildInputs(context, { ...NO_FLAGS, ...build }, io);
  inputs.cleanUp();
  const folder = inputs.lent.localDirs["dockerfile"];
  const name = inputs.options["filename"];
  if (folder === undefined || name === undefined) {
    if (flags.fix) throw new UsageError("--fix mends files of this machine only", "Clone the context first.");
    return { uri: name ?? "Dockerfile", fragmentUri };
  }
  const file = path.join(folder, name);
  if (flags.fix) {
    const { fixText } = await import("@slipway/frontend-dockerfile/language");
    const before = readFileSync(file, "utf8");
    const only = list(flags.rule);
    const { text, fixed } = fixText(before, {
      file: name,
      also: list(flags.enable),
      skip: list(flags.skip),
      ...(only.length > 0 ? { only } : {}),
    });
    if (text !== before) replaceFile(file, text);
    for (const { rule, location } of fixed) io.stderr.write(`fixed ${rule} (${name}:${location.line})\n`);
  }
  const shown = (each: string): string => {
    const relative = path.relative(io.cwd, each);
    return (relative.startsWith("..") ? each : relative).split(path.sep).join("/");
  };
  const root = inputs.lent.localDirs["context"];
  return {
    uri: shown(file),
    fragmentUri: (each) =>
      root === undefined || /^[\w.+-]+:\/\/|^[^/]*@[^/]*:/.test(each)
        ? undefined
        : shown(path.join(root, each)),
  };
}

async function printed(
  format: string,
  { json, result, ...places }: { json: string; result: LintAnswer } & Places,
): Promise<string> {
  if (format === "json") return `${json}\n`;
  if (format === "sarif") return (await import("../report/sarif-report.ts")).sarifReport(result, places);
  return (await import("../report/lint-report.ts")).lintReport(result);
}
