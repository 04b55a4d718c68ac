import { spawnSync } from "node:child_process";
import { fchownSync, mkdirSync, readFileSync, statfsSync, writeFileSync } from "node:fs";
import { resources } from "../rules/default-rules.ts";
import { runtimeConfig } from "./runtime-config.ts";
import { stubFds, type StubJob, type StubMessage, type StubRuntime } from "../stub-protocol.ts";
import { handOver } from "./hand-over.ts";
import { joinCgroup } from "./join-cgroup.ts";
import { CLONE, MS, type Libc } from "./libc.ts";
import { mountUnswapped } from "./private-files.ts";
import { limitsOf, ownCapabilities } from "./privileges.ts";
import { applyMounts, mountRoot } from "./root-filesystem.ts";
import { checkExecutable } from "./rooted-view.ts";
import { StubFailure } from "./stub-failure.ts";
import { mountDev } from "./system-mounts.ts";

/**
 * Lets an OCI runtime run the process, and tells how it ended. The stub stays, as the parent of the container: a
 * runtime's own exit status does not tell signals from statuses. Mounts, bundle and the runtime's state are in the
 * stub's mount namespace and go with it.
 */
export function superviseRuntime(
  libc: Libc,
  job: StubJob,
  options: { runtime: StubRuntime; say: (message: StubMessage) => void },
): void {
  const { spec } = job;
  const { runtime, say } = options;
  const { bundle } = runtime;
  process.umask(0o022);
  libc.setsid();
  if (spec.cgroupParent !== undefined) joinCgroup(spec.cgroupParent);
  libc.unshare(CLONE.NEWNS);
  libc.mount("none", "/", null, { flags: MS.PRIVATE | MS.REC });
  // The config has the environment in it, and that may have secrets.
  mountUnswapped(libc, bundle, MS.NOSUID | MS.NODEV);
  const rootfs = `${bundle}/rootfs`;
  for (const name of ["rootfs", "state"]) mkdirSync(`${bundle}/${name}`);
  const flags = spec.security === "sandbox" ? MS.NODEV : 0;
  const rootFd = mountRoot(libc, spec.root, { mountPoint: rootfs, skeleton: job.skeleton, flags });
  const stdin = mountDev(libc, rootFd, { ...job, security: spec.security });
  const sockets = applyMounts(libc, rootFd, { mounts: spec.mounts, scratch: job.scratch, flags });
  handOver(libc, sockets, say);
  checkExecutable(libc, rootFd, spec.process);

  // The runtime must see the processes of this PID namespace.
  libc.mount("proc", "/proc", "proc", { flags: MS.NOSUID | MS.NODEV | MS.NOEXEC });
  hideCgroups(libc, runtime);
  for (const fd of [1, stubFds.stderr]) fchownSync(fd, spec.process.uid, spec.process.gid);
  writeFileSync(
    `${bundle}/config.json`,
    runtimeConfig(spec, {
      rootfs,
      ownCapabilities: ownCapabilities(),
      limits: limitsOf(libc, spec).map(({ resource, ...limit }) => ({
        ...limit,
        name: resourceName(resource),
      })),
      arch: process.arch,
    }),
  );

  const pidFile = `${bundle}/pid`;
  const invoke = (...command: string[]): void => {
    const ended = spawnSync(
      runtime.path,
      [
        ...(runtime.kind === "crun" ? ["--cgroup-manager=disabled"] : ["--rootless=true"]),
        ...["--root", `${bundle}/state`, "--log", `${bundle}/log`, ...command],
      ],
      // crun gives it to the user of the step.
      { stdio: [stdin, 1, stubFds.stderr], env: {} },
    );
    if (ended.error !== undefined || ended.status !== 0)
      throw startFailure(runtime, { bundle, cause: ended.error });
  };
  const readPid = (): number => Number(readFileSync(pidFile, "utf8"));
  const place = ["--bundle", bundle, "--pid-file", pidFile, spec.id];
  if (runtime.kind === "runc") {
    invoke("run", "--detach", ...place);
  } else {
    // `crun run` sometimes waits for a process that ends at once, and then nobody can tell how it ended.
    invoke("create", ...place);
    const pid = readPid();
    // It mounts the root once more, and forgets the flags of the first time.
    if (flags !== 0)
      libc.inMountNamespaceOf(pid, () =>
        ["/", "/dev"].forEach((target) => libc.restrictMount(target, flags, false)),
      );
    invoke("start", spec.id);
  }
  say({ kind: "started" });
  const status = libc.waitpid(readPid());
  const signal = status & 0x7f;
  say(signal === 0 ? { kind: "exited", code: (status >> 8) & 0xff } : { kind: "signaled", signal });
}

/**
 * Runtimes would make cgroups that stay behind when slipway is killed; and crun 1.8 refuses to run where both versions
 * are mounted. crun can be told to leave them alone, and needs not to see them. runc takes it as a matter of course
 * that it can't write to them when it is told that it is rootless.
 */
function hideCgroups(libc: Libc, runtime: StubRuntime): void {
  const tmpfsMagic = 0x01021994;
  const cgroups = "/sys/fs/cgroup";
  if (runtime.kind === "runc") {
    libc.restrictMount(cgroups, MS.RDONLY);
  } else if (statfsSync(cgroups).type === tmpfsMagic) {
    libc.mount("tmpfs", cgroups, "tmpfs");
  }
}

function startFailure(
  runtime: StubRuntime,
  details: { bundle: string; cause: Error | undefined },
): StubFailure {
  let log = details.cause?.message ?? "";
  try {
    log = readFileSync(`${details.bundle}/log`, "utf8").trim().split("\n").at(-1) ?? log;
  } catch {
    // it could not even be started
  }
  const message = /msg="((?:[^"\\]|\\.)*)"/.exec(log)?.[1]?.replaceAll('\\"', '"') ?? log;
  return new StubFailure(
    "SANDBOX_START_FAILED",
    `${runtime.path} could not start the process: ${message}`,
    "Run `slipway doctor`, or choose the sandbox driver `namespaces`.",
  );
}

function resourceName(resource: number): string {
  return Object.keys(resources).find((name) => resources[name] === resource)!;
}
