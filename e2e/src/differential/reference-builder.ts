import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, openSync, readFileSync } from "node:fs";
import path from "node:path";
import { test } from "vitest";
import { findCommand, requires, runCommand, type Requirements } from "@slipway/testing";

/** BuildKit, started for these tests alone. */
export interface ReferenceBuilder {
  /**
   * Builds a folder into an OCI layout.
   * @returns what BuildKit said when it refused, undefined when the build is done.
   */
  build(request: {
    readonly context: string;
    readonly options: Readonly<Record<string, string>>;
    /** Folder of the layout, which must not exist. */
    readonly dest: string;
  }): Promise<string | undefined>;
  /**
   * Compiles the Dockerfile of a folder.
   * @returns BuildKit's digests of the vertices; what it said when it refused
   */
  digests(request: {
    readonly context: string;
    readonly options: Readonly<Record<string, string>>;
  }): Promise<readonly string[] | string>;
  stop(): Promise<void>;
}

/** Folders that programs are looked for in beside PATH: where CI puts what it builds. */
function find(name: string): string | undefined {
  const own = process.env["SLIPWAY_TEST_BUILDKIT"];
  if (own !== undefined && existsSync(path.join(own, name))) return path.join(own, name);
  return findCommand(name);
}

/** What is missing to run BuildKit here, for a test's requirements. */
function missingBuildKit(): string | undefined {
  const missing = ["buildkitd", "buildctl"].filter((name) => find(name) === undefined);
  return missing.length > 0
    ? `${missing.join(" and ")} on PATH or in $SLIPWAY_TEST_BUILDKIT (tools/testing/install-buildkit.sh builds them)`
    : undefined;
}

/**
 * A group of tests that need BuildKit beside `requirements`. A machine may have no Go to build it with: whoever requires
 * everything else says so with SLIPWAY_TEST_WITHOUT_BUILDKIT=1, and the group is skipped and counted.
 */
export function describeBesideBuildKit(title: string, requirements: Requirements, body: () => void): void {
  const missing = missingBuildKit();
  if (process.env["SLIPWAY_TEST_WITHOUT_BUILDKIT"] === "1" && missing !== undefined) {
    test.skip(`${title} [skipped: needs ${missing}]`, () => undefined);
    return;
  }
  const { commands = [], checks = [] } = requirements;
  requires({
    ...requirements,
    root: true,
    commands: [...commands, "runc", "setpriv"],
    checks: [...checks, missingBuildKit],
  }).describe(title, body);
}

/** Starts buildkitd with its state below `folder`. It ends with this process at the latest. */
export async function startReferenceBuilder(folder: string): Promise<ReferenceBuilder> {
  mkdirSync(folder, { recursive: true });
  const address = `unix://${path.join(folder, "buildkitd.sock")}`;
  const logFile = path.join(folder, "log");
  const log = openSync(logFile, "w");
  const daemon = spawn(
    "setpriv",
    [
      ...["--pdeathsig", "KILL", find("buildkitd")!, "--addr", address, "--root", path.join(folder, "state")],
      ...["--oci-worker-net", "host", "--oci-worker-gc=false", "--containerd-worker=false"],
    ],
    { stdio: ["ignore", log, log] },
  );
  const buildctl = find("buildctl")!;
  await waitUntilUp(daemon, { logFile, isUp: () => answers(buildctl, address) });
  return {
    async build({ context, options, dest }) {
      const flags = Object.entries(options).flatMap(([key, value]) => ["--opt", `${key}=${value}`]);
      const { code, stderr } = await runCommand(
        buildctl,
        [
          ...["--addr", address, "build", "--progress", "plain", "--frontend", "dockerfile.v0"],
          ...["--local", `context=${context}`, "--local", `dockerfile=${context}`, ...flags],
          ...["--output", `type=oci,tar=false,dest=${dest}`],
        ],
        { allowFailure: true, timeoutMs: 120_000 },
      );
      return code === 0 ? undefined : stderr;
    },
    async digests({ context, options }) {
      const asked = {
        ...options,
        requestid: "frontend.convertllb",
        "frontend.caps": "moby.buildkit.frontend.subrequests",
      };
      const { code, stdout, stderr } = await runCommand(
        buildctl,
        [
          ...["--addr", address, "build", "--progress", "plain", "--frontend", "dockerfile.v0"],
          ...["--local", `context=${context}`, "--local", `dockerfile=${context}`],
          ...Object.entries(asked).flatMap(([key, value]) => ["--opt", `${key}=${value}`]),
        ],
        { allowFailure: true, timeoutMs: 120_000 },
      );
      if (code !== 0) return stderr;
      const { def = {} } = JSON.parse(stdout.slice(stdout.indexOf("{"))) as {
        def?: Readonly<Record<string, object>>;
      };
      // The last op has no kind: it names the result.
      const kinds = ["source", "exec", "file", "merge", "diff", "build"];
      return Object.entries(def)
        .filter(([, op]) => kinds.some((kind) => kind in op))
        .map(([digest]) => digest);
    },
    async stop() {
      if (daemon.exitCode !== null) return;
      const ended = once(daemon, "exit");
      daemon.kill("SIGTERM");
      await ended;
    },
  };
}

async function answers(buildctl: string, address: string): Promise<boolean> {
  const { code } = await runCommand(buildctl, ["--addr", address, "debug", "workers"], {
    allowFailure: true,
    timeoutMs: 10_000,
  });
  return code === 0;
}

async function waitUntilUp(
  daemon: ChildProcess,
  options: { readonly logFile: string; readonly isUp: () => Promise<boolean> },
): Promise<void> {
  const deadlineMs = Date.now() + 60_000;
  while (daemon.exitCode === null && Date.now() < deadlineMs) {
    if (await options.isUp()) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  daemon.kill("SIGKILL");
  throw new Error(`buildkitd does not start:\n${readFileSync(options.logFile, "utf8")}`);
}
