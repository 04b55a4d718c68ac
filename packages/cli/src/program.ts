import { Command, CommanderError, Option } from "commander";
import { EXIT_OK, EXIT_USAGE } from "./exit-status.ts";
import { defineCheck } from "./check-command.ts";
import type { BuildCommandFlags } from "./commands/build.ts";
import type { DoctorFlags } from "./commands/doctor.ts";
import type { DuFlags } from "./commands/du.ts";
import type { IrFlags } from "./commands/ir.ts";
import type { PruneFlags } from "./commands/prune.ts";
import { defineFmt, defineOutline, defineTargets } from "./file-tool-commands.ts";
import { expandBooleans } from "./flags/expand-booleans.ts";
import { addStoreOptions, collect, SHARED_OPTIONS } from "./flags/shared-options.ts";
import type { Host } from "./host.ts";
import { laterFlag } from "./flags/later-flags.ts";
import { UsageError } from "./usage-error.ts";
import { cliVersion } from "./version.ts";

/**
 * Reads the command line and runs the command that it names.
 * @throws UsageError, and whatever the command throws.
 */
export async function runProgram(argv: readonly string[], io: Host): Promise<number> {
  let status = EXIT_OK;
  const program = createProgram(argv[0], { io, done: (result) => (status = result) });
  if (argv.length === 0) {
    program.outputHelp();
    return EXIT_OK;
  }
  try {
    await program.parseAsync(expandBooleans(argv, program), { from: "user" });
    return status;
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    // Help and version have been printed when these come.
    if (error.exitCode === 0) return EXIT_OK;
    if (error.code === "commander.help") return EXIT_USAGE;
    throw usageErrorOf(error);
  }
}

function usageErrorOf(error: CommanderError): UsageError {
  const [text = "", suggestion] = error.message.replace(/^error: /, "").split("\n");
  const later = error.code === "commander.unknownOption" ? laterFlag(text) : undefined;
  if (later) return later;
  const hint =
    suggestion?.replace(/^\((.*)\)$/, "$1") ??
    "`slipway --help` and `slipway COMMAND --help` list what there is.";
  return new UsageError(text, hint);
}

/** What commands run with. */
interface Setting {
  readonly io: Host;
  readonly done: (status: number) => void;
}

/** In the order in which help lists them. Each loads what it needs when it runs, so that the others cost nothing. */
const COMMANDS: Readonly<Record<string, (program: Command, setting: Setting) => void>> = {
  build: defineBuild,
  check: defineCheck,
  fmt: defineFmt,
  outline: defineOutline,
  targets: defineTargets,
  ir: defineIr,
  doctor: defineDoctor,
  du: defineDu,
  prune: definePrune,
  lsp: defineLsp,
};

/** The command that is asked for; all of them when it is none, for the help and for suggestions. */
function createProgram(name: string | undefined, setting: Setting): Command {
  const { io } = setting;
  const program = new Command("slipway")
    .description(
      "Builds container images from Dockerfiles and other languages: in parallel, from cache, without root and without a daemon.",
    )
    .version(cliVersion(), "-V, --version", "print the version")
    .helpOption("-h, --help", "print help")
    .helpCommand(true)
    .showSuggestionAfterError(true)
    .exitOverride()
    // Defaults that a person should know are in the descriptions; an empty list is none of them.
    .configureHelp({ optionDescription: (option) => option.description })
    .configureOutput({
      writeOut: (text) => void io.stdout.write(text),
      // The message comes with the error; it is printed once, by whoever reports errors.
      writeErr: () => undefined,
      getOutHelpWidth: () => io.stdout.columns ?? 100,
    });

  const asked = name !== undefined && Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  for (const define of asked ? [asked] : Object.values(COMMANDS)) define(program, setting);
  return program;
}

function defineBuild(program: Command, { io, done }: Setting): void {
  const build = program
    .command("build")
    .summary("build an image or a tree of files")
    .description("Builds what a Dockerfile (or another frontend's file) describes.")
    .argument(
      "<PATH>",
      "folder that COPY and ADD read from; a git repository (https://host/repo.git#ref:folder) or an archive by http; - for a Dockerfile or an archive on stdin",
    )
    .option("-t, --tag <NAME>", "name of the image, [host/]name[:tag] (repeatable)", collect, [])
    .option(
      "-o, --output <SPEC>",
      "where the result goes: type=oci|docker|image|local|tar,dest=PATH,…, a folder, or - for a tar on stdout (repeatable)",
      collect,
      [],
    )
    .option("--push", "push to the registries of the tags; short for --output type=image,push=true")
    .option("--load", "load into Docker or Podman; short for --output type=docker")
    .option("--annotation <[LEVEL:]KEY=VALUE>", "annotation of the image (repeatable)", collect, [])
    .option("--metadata-file <FILE>", "write digests and names of the result to a file, as JSON")
    .option("--iidfile <FILE>", "write the image's ID to a file")
    .addOption(
      new Option(
        "--progress <MODE>",
        "how progress is shown: auto, tty, plain, rawjson, quiet (default: auto)",
      ),
    )
    .option("-q, --quiet", "show no progress, print the image's ID")
    .option(
      "--call <METHOD>",
      "ask about the build file instead: check, outline, targets; with ,format=json as JSON",
    )
    .option("--check", "short for --call=check")
    .addHelpText("after", BUILD_EXAMPLES);
  addEngineOptions(addBuildOptions(build)).action(async (context: string, flags: BuildCommandFlags) => {
    const { buildCommand } = await import("./commands/build.ts");
    done(await buildCommand(context, flags, io));
  });
}

function defineIr(program: Command, { io, done }: Setting): void {
  const ir = program
    .command("ir")
    .summary("print what a build file compiles to")
    .description(
      "Compiles a build file and prints the intermediate representation (LLB). Runs none of its steps.",
    )
    .argument("<PATH>", "the context, as for build")
    .option("--format <FORMAT>", "text, json, dot, or llb for BuildKit's bytes (default: text)", "text")
    .option("-o, --output <FILE>", "write to a file instead of stdout");
  addEngineOptions(addBuildOptions(ir)).action(async (context: string, flags: IrFlags) => {
    const { irCommand } = await import("./commands/ir.ts");
    done(await irCommand(context, flags, io));
  });
}

function defineDoctor(program: Command, { io, done }: Setting): void {
  const doctor = program
    .command("doctor")
    .summary("show what this machine offers to builds")
    .description("Tries out sandboxes and kernel features, and says which are used and why.")
    .option("--json", "print the report as JSON");
  addStoreOptions(doctor.option(...SHARED_OPTIONS.sandbox)).action(async (flags: DoctorFlags) => {
    const { doctorCommand } = await import("./commands/doctor.ts");
    done(await doctorCommand(flags, io));
  });
}

function defineDu(program: Command, { io, done }: Setting): void {
  const du = program
    .command("du")
    .summary("show what the store holds")
    .description("Lists the records of the store with their sizes. Sizes marked with * are shared.")
    .option("--verbose", "print all that is known of each record")
    .option("--format <FORMAT>", "table, or json for one object per line (default: table)");
  addStoreOptions(du).action(async (flags: DuFlags) => {
    const { duCommand } = await import("./commands/du.ts");
    done(await duCommand(flags, io));
  });
}

function definePrune(program: Command, { io, done }: Setting): void {
  const prune = program
    .command("prune")
    .summary("remove build cache")
    .description("Removes what no cached result needs; with --all everything that no running build holds.")
    .option("-a, --all", "remove cached results as well")
    .option("-f, --force", "do not ask")
    .option("--filter <until=DURATION>", "only what was not used for so long (repeatable)", collect, [])
    .option("--keep-storage <SIZE>", "keep the most recently used up to this size, for example 10GB")
    .option("--verbose", "print all that is known of what was removed");
  addStoreOptions(prune).action(async (flags: PruneFlags) => {
    const { pruneCommand } = await import("./commands/prune.ts");
    done(await pruneCommand(flags, io));
  });
}

function defineLsp(program: Command, { io, done }: Setting): void {
  program
    .command("lsp")
    .summary("serve editors: diagnostics, completion, navigation, formatting")
    .description("Runs the language server for Dockerfiles, which an editor starts and speaks to.")
    .option("--stdio", "speak over stdin and stdout; there is no other way, and it need not be said")
    .option("--clientProcessId <PID>", "end with this process, as some editors ask for")
    .action(async () => {
      const { lspCommand } = await import("./commands/lsp.ts");
      done(await lspCommand(io));
    });
}

function addBuildOptions(command: Command): Command {
  return command
    .option(...SHARED_OPTIONS.file)
    .option("--target <STAGE>", "build this stage instead of the last")
    .option(
      "--build-arg <NAME[=VALUE]>",
      "value of an ARG; without a value, the environment's (repeatable)",
      collect,
      [],
    )
    .option(
      "--build-context <NAME=VALUE>",
      "a further context: a folder, a git repository, an archive by http, docker-image://NAME, or oci-layout://FOLDER (repeatable)",
      collect,
      [],
    )
    .option("--label <KEY=VALUE>", "label of the image (repeatable)", collect, [])
    .option("--platform <LIST>", "platforms to build for, for example linux/arm64 (repeatable)", collect, [])
    .addOption(positive("--no-cache", "use no cached results"))
    .addOption(
      positive("--no-cache-filter <STAGES>", "use no cached results for these stages (repeatable)")
        .argParser(collect)
        .default([]),
    )
    .option("--pull", "ask the registry for each image, even when it is there already")
    .option("--network <MODE>", "network of RUN: default, host or none")
    .option("--commit <MODE>", "layers: implicit, one for each step, or explicit, one for each #!COMMIT")
    .option("--add-host <NAME:IP>", "further line for /etc/hosts (repeatable)", collect, [])
    .option(
      "--secret <SPEC>",
      "secret for RUN --mount=type=secret: id=NAME,src=FILE or id=NAME,env=VARIABLE (repeatable)",
      collect,
      [],
    )
    .option(
      "--ssh <SPEC>",
      "ssh agent for RUN --mount=type=ssh: default, ID=SOCKET or ID=KEY,KEY (repeatable)",
      collect,
      [],
    )
    .option(
      "--allow <ENTITLEMENT>",
      "what steps may do beyond the ordinary: security.insecure, device, device=NAME (repeatable)",
      collect,
      [],
    )
    .option("--shm-size <SIZE>", "size of /dev/shm in RUN, for example 128m")
    .option("--ulimit <NAME=SOFT[:HARD]>", "limit of the processes of RUN (repeatable)", collect, [])
    .option("--cgroup-parent <PATH>", "existing cgroup that RUN's processes run in")
    .option("--frontend <NAME>", "build language, instead of what the file says");
}

function addEngineOptions(command: Command): Command {
  command
    .option(...SHARED_OPTIONS.sandbox)
    .option("--max-parallelism <N>", "steps that may run at once")
    .option(...SHARED_OPTIONS.insecureRegistry, collect, []);
  return addStoreOptions(command);
}

/** Commander takes `--no-x` for the negation of `--x`; these are flags by themselves. */
function positive(flags: string, description: string): Option {
  const option = new Option(flags, description);
  option.negate = false;
  return option;
}

const BUILD_EXAMPLES = `
Examples:
  slipway build -t registry.example.com/app:1 --push .
  slipway build -o type=oci,dest=app.tar .
  slipway build --target test --build-arg NODE_ENV=test -f docker/Dockerfile .

Exit status: 0 built, 1 the build failed, 2 wrong usage, 130 interrupted.`;
