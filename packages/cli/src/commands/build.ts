import { readFileSync } from "node:fs";
import path from "node:path";
import type { BuildOutcome, BuildRequest, EngineOptions } from "@slipway/engine";
import type { WarningEvent } from "@slipway/engine-sdk";
import type { Diagnostic } from "@slipway/frontend-sdk";
import { isDebugEnvironment } from "../debug-mode.ts";
import { openDisplay, progressMode, type OpenDisplay } from "../display/choose-display.ts";
import { EXIT_OK, exitStatusOf } from "../exit-status.ts";
import { resolveBuildInputs } from "../flags/build-inputs.ts";
import type { BuildFlags, EngineFlags, OutputFlags } from "../flags/build-flags.ts";
import { checkDestinations } from "../flags/check-destinations.ts";
import { exportRequests } from "../flags/export-requests.ts";
import { frontendOptions, requestedPlatforms, sourceDateEpochSeconds } from "../flags/frontend-options.ts";
import { lentToBuild } from "../flags/session.ts";
import { writesToStdout } from "../flags/output-spec.ts";
import { catchInterrupts } from "../interrupt.ts";
import type { Host } from "../host.ts";
import { engineOptions } from "./open-engine.ts";
import { writeAll, writeFileAtomically } from "./write-output.ts";

export interface BuildCommandFlags extends BuildFlags, OutputFlags, EngineFlags {
  readonly progress?: string;
  readonly quiet?: boolean;
  readonly metadataFile?: string;
  readonly iidfile?: string;
  readonly call?: string;
  readonly check?: boolean;
}

const NO_OUTPUT_WARNING =
  "WARNING: No output specified: the result stays in the build cache only. " +
  "To push it use --push, to load it into Docker or Podman use --load, to write a file use --output type=oci,dest=FILE.\n";

/** `slipway build`. Gives the exit status; usage errors are thrown before anything starts. */
export async function buildCommand(context: string, flags: BuildCommandFlags, io: Host): Promise<number> {
  if (flags.call !== undefined || flags.check) {
    const { callFlag } = await import("../flags/call-flag.ts");
    const { requestId, ...call } = callFlag(flags);
    if (requestId !== undefined) {
      const { callCommand } = await import("./call.ts");
      return callCommand(context, flags, { io, call: { ...call, requestId } });
    }
  }
  const mode = flags.quiet ? "quiet" : progressMode(flags.progress, io.env);
  const exports = exportRequests(flags, { stdoutIsTty: () => io.stdout.isTTY === true });
  checkDestinations(exports, io.cwd);
  const platforms = requestedPlatforms(flags.platform);
  const baseOptions = frontendOptions(flags, io.env);
  const engine = engineOptions(flags, io);
  const lent = await lentToBuild(flags, {
    context,
    env: io.env,
    cwd: io.cwd,
    warn: (message) => mode !== "rawjson" && void io.stderr.write(`WARNING: ${message}\n`),
  });
  const inputs = await resolveBuildInputs(context, flags, io);
  const forgetCleanUp = io.onExit(inputs.cleanUp);
  try {
    const options = { ...baseOptions, ...inputs.options };
    const epoch = sourceDateEpochSeconds(options);
    const request: BuildRequest = {
      ...(flags.frontend ? { frontend: flags.frontend } : {}),
      options,
      platforms,
      ...inputs.lent,
      exports,
      ...lent,
      ...(epoch === undefined ? {} : { sourceDateEpochSeconds: epoch }),
      cwd: io.cwd,
      get stdout() {
        return io.stdout;
      },
    };
    const open = await openDisplay(mode, io);
    if (exports.length === 0 && open.mode !== "quiet" && open.mode !== "rawjson")
      io.stderr.write(NO_OUTPUT_WARNING);
    const result = await run(request, { flags, io, open, engine });
    if (typeof result === "number") return result;
    await tellResult(result, { request, flags, io, open, stdoutIsTaken: exports.some(writesToStdout) });
    return EXIT_OK;
  } finally {
    forgetCleanUp();
    inputs.cleanUp();
  }
}

/** Builds; gives the outcome, or the exit status after it has told what went wrong. */
async function run(
  request: BuildRequest,
  command: { flags: BuildCommandFlags; io: Host; open: OpenDisplay; engine: EngineOptions },
): Promise<BuildOutcome | number> {
  const { flags, io, open } = command;
  const interrupts = catchInterrupts(io, {
    onFirst: () => open.display.note("stopping; press Ctrl-C again to stop at once"),
  });
  try {
    const engine = await io.createEngine(command.engine);
    try {
      return await engine.build(request, {
        signal: interrupts.signal,
        progress: (event) => open.display.event(event),
      });
    } finally {
      // Also after a failure: what the build left (processes, leases) goes before anything is said.
      await engine.close({ exiting: true });
      open.display.close();
    }
  } catch (error) {
    open.display.close();
    if (interrupts.interrupted) {
      io.stderr.write(`ERROR: ${interrupts.interrupted.message}\n`);
      return interrupts.interrupted.exitStatus;
    }
    await tellWarnings(warningsOf(open.trace.warnings), { request, io, open });
    const { errorReport } = await import("../report/error-report.ts");
    io.stderr.write(
      errorReport(error, {
        debug: flags.debug === true || isDebugEnvironment(io.env),
        ...(open.mode === "rawjson" ? {} : { trace: open.trace }),
        readSource: (file) => readBuildFile(request, file),
      }),
    );
    return exitStatusOf(error);
  } finally {
    interrupts.dispose();
  }
}

async function tellResult(
  outcome: BuildOutcome,
  command: {
    request: BuildRequest;
    flags: BuildCommandFlags;
    io: Host;
    open: OpenDisplay;
    stdoutIsTaken: boolean;
  },
): Promise<void> {
  const { flags, io } = command;
  // Those of steps are shown with them; what exporters warn of belongs to none.
  const others = command.open.trace.warnings.filter((warning) => warning.vertex === undefined);
  await tellWarnings([...outcome.warnings, ...warningsOf(others)], command);
  const imageId = idOfImage(outcome.response);
  if (flags.metadataFile !== undefined) {
    const sorted = Object.fromEntries(Object.entries(outcome.response).sort(([a], [b]) => (a < b ? -1 : 1)));
    writeFileAtomically(path.resolve(io.cwd, flags.metadataFile), JSON.stringify(sorted, undefined, 2));
  }
  if (flags.iidfile !== undefined && imageId !== undefined)
    writeFileAtomically(path.resolve(io.cwd, flags.iidfile), imageId);
  if (imageId === undefined && (flags.iidfile !== undefined || flags.quiet) && flags.output.length === 0) {
    io.stderr.write(
      "WARNING: no image was made, so that there is no image ID: add --output, --push or --load.\n",
    );
  }
  // An archive on stdout would be spoiled by a line behind it.
  if (flags.quiet && imageId !== undefined && !command.stdoutIsTaken)
    await writeAll(io.stdout, `${imageId}\n`);
}

/** Warnings that came as progress, as a build lists them. */
function warningsOf(events: readonly WarningEvent[]): readonly Diagnostic[] {
  return events.map(({ code, message, hint, url, location }) => ({
    severity: "warning",
    code,
    message,
    ...(hint === undefined ? {} : { hint }),
    ...(url === undefined ? {} : { url }),
    ...(location === undefined ? {} : { location }),
  }));
}

async function tellWarnings(
  warnings: readonly Diagnostic[],
  { request, io, open }: { request: BuildRequest; io: Host; open: OpenDisplay },
): Promise<void> {
  if (warnings.length === 0 || open.mode === "quiet" || open.mode === "rawjson") return;
  const { warningReport } = await import("../report/warning-report.ts");
  io.stderr.write(warningReport(warnings, (file) => readBuildFile(request, file)));
}

/** What docker calls the image's ID: the digest of its config, else that of its manifest. */
function idOfImage(response: BuildOutcome["response"]): string | undefined {
  const id = response["containerimage.config.digest"] ?? response["containerimage.digest"];
  return typeof id === "string" ? id : undefined;
}

function readBuildFile(request: BuildRequest, file: string): string | undefined {
  const folder = request.localDirs["dockerfile"];
  const name = request.options["filename"];
  if (folder === undefined || name === undefined || path.basename(file) !== name) return undefined;
  try {
    return readFileSync(path.join(folder, name), "utf8");
  } catch {
    return undefined;
  }
}
