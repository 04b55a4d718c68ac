import {
  accessSync,
  chmodSync,
  constants,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import os from "node:os";
import path from "node:path";
import type { SandboxDriver, SandboxExit, SandboxRoot, SandboxSpec } from "@slipway/engine-sdk";

/** Where Debian's busybox-static puts its program. */
export const busybox = "/bin/busybox";

/** What the fixtures need and this machine lacks; undefined when nothing. */
export function missingForFixtures(): string | undefined {
  try {
    accessSync(busybox, constants.X_OK);
  } catch {
    return `needs ${busybox} (Debian: busybox-static)`;
  }
  return process.getuid?.() === 0 ? undefined : "needs root";
}

/** A small root filesystem with busybox, and room for any number of sandboxes over it. */
export interface FixtureRoot {
  /** The folder of everything else; below the system's folder for temporary files. */
  readonly folder: string;
  readonly lower: string;
  /** A folder for a driver's state. */
  readonly stateDir: string;
  /** A new overlay over `lower`. */
  overlay(): Extract<SandboxRoot, { kind: "overlay" }>;
  /** A spec that runs `args` on a new overlay, with `changes` over it. */
  spec(args: readonly string[], changes?: SpecChanges): SandboxSpec;
  remove(): void;
}

export type SpecChanges = Partial<Omit<SandboxSpec, "process">> & {
  readonly process?: Partial<SandboxSpec["process"]>;
};

const applets = [
  ..."awk cat chmod chown dd df echo env false getopt grep head hostname id ifconfig ln ls mkdir mkfifo mknod mount mv".split(
    " ",
  ),
  ..."nc nproc ps pwd readlink rm sed seq setsid sh sleep sort stat tail test touch tr true umount unshare wc wget yes".split(
    " ",
  ),
];

/** Makes the fixtures. */
export function makeFixtureRoot(): FixtureRoot {
  const folder = realpathSync(mkdtempSync(path.join(os.tmpdir(), "slipway-sandbox-")));
  const lower = path.join(folder, "lower");
  const write = (name: string, text: string, mode = 0o644): void => {
    writeFileSync(path.join(lower, name), text);
    chmodSync(path.join(lower, name), mode);
  };
  for (const name of ["bin", "etc", "opt", "tmp", "work", "mnt"])
    mkdirSync(path.join(lower, name), { recursive: true });
  chmodSync(path.join(lower, "tmp"), 0o1777);
  copyFileSync(busybox, path.join(lower, "bin/busybox"));
  chmodSync(path.join(lower, "bin/busybox"), 0o755);
  for (const applet of applets) symlinkSync("busybox", path.join(lower, "bin", applet));
  write("etc/passwd", "root:x:0:0::/root:/bin/sh\n");
  write("etc/lower-file", "from the lower layer\n");
  write("opt/script", "#!/bin/sh\necho script ran with $# arguments\n", 0o755);
  write("opt/not-executable", "#!/bin/sh\n", 0o644);
  write("opt/no-interpreter", "#!/missing/interpreter\n", 0o755);
  write("opt/garbage", "\u0000\u0001\u0002 no program\n", 0o755);
  let count = 0;
  const overlay = (): Extract<SandboxRoot, { kind: "overlay" }> => {
    const own = path.join(folder, `step-${++count}`);
    const [upperdir, workdir] = [path.join(own, "upper"), path.join(own, "work")];
    for (const name of [upperdir, workdir]) mkdirSync(name, { recursive: true });
    return { kind: "overlay", lowerdirs: [lower], upperdir, workdir };
  };
  return {
    folder,
    lower,
    stateDir: path.join(folder, "state"),
    overlay,
    spec: (args, { process: changes, ...rest } = {}) => ({
      id: `fixture-${process.pid}-${++count}`,
      root: rest.root ?? overlay(),
      mounts: [],
      process: { args, env: ["PATH=/bin"], cwd: "/", uid: 0, gid: 0, additionalGids: [], ...changes },
      hostname: "fixture",
      network: "none",
      security: "sandbox",
      ulimits: [],
      ...rest,
    }),
    remove: () => rmSync(folder, { recursive: true, force: true, maxRetries: 3 }),
  };
}

/** What a process said and how it ended. */
export interface Outcome {
  readonly exit: SandboxExit;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a spec and gathers its output. */
export async function runToEnd(
  driver: SandboxDriver,
  spec: SandboxSpec,
  signal: AbortSignal = new AbortController().signal,
): Promise<Outcome> {
  const chunks: Record<"stdout" | "stderr", Buffer[]> = { stdout: [], stderr: [] };
  const exit = await driver.run(spec, { onOutput: (stream, chunk) => chunks[stream].push(chunk), signal });
  return {
    exit,
    stdout: Buffer.concat(chunks.stdout).toString(),
    stderr: Buffer.concat(chunks.stderr).toString(),
  };
}
