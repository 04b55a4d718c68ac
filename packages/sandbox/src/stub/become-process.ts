import { fchownSync } from "node:fs";
import { seccompProgram } from "../rules/seccomp-bpf.ts";
import { stubFds, type StubJob, type StubMessage } from "../stub-protocol.ts";
import { executeFailure, findExecutable } from "./find-executable.ts";
import { CLONE, MS, type Libc } from "./libc.ts";
import { applyLimits, becomeUser, dropBoundingSet, limitsOf, raiseHardLimits } from "./privileges.ts";
import { joinCgroup } from "./join-cgroup.ts";
import { applyMounts, mountRoot } from "./root-filesystem.ts";
import { handOver } from "./hand-over.ts";
import { maskPaths, mountDev, mountMessageQueues, mountProcAndSys } from "./system-mounts.ts";

/**
 * Sets the sandbox up around the calling process and becomes the process of the spec.
 * @returns never, unless it throws.
 */
export function becomeProcess(libc: Libc, job: StubJob, say: (message: StubMessage) => void): never {
  const { spec } = job;
  const sandboxed = spec.security === "sandbox";
  process.umask(0);
  libc.setsid();
  if (spec.cgroupParent !== undefined) joinCgroup(spec.cgroupParent);
  libc.unshare(CLONE.NEWNS | CLONE.NEWUTS | CLONE.NEWIPC | (spec.network === "none" ? CLONE.NEWNET : 0));
  try {
    libc.unshare(CLONE.NEWCGROUP);
  } catch {
    // a kernel without cgroup namespaces
  }
  libc.mount("none", "/", null, { flags: MS.PRIVATE | MS.REC });
  if (spec.network === "none") libc.loopbackUp();
  libc.setHostname(spec.hostname);

  const flags = sandboxed ? MS.NODEV : 0;
  const rootFd = mountRoot(libc, spec.root, { ...job, flags });
  mountProcAndSys(libc, rootFd, spec.security);
  const stdin = mountDev(libc, rootFd, { ...job, security: spec.security });
  mountMessageQueues(libc, rootFd);
  const sockets = applyMounts(libc, rootFd, { mounts: spec.mounts, scratch: job.scratch, flags });
  handOver(libc, sockets, say);
  if (sandboxed) maskPaths(libc, rootFd);
  libc.pivotInto(`/proc/self/fd/${rootFd}`);

  const limits = limitsOf(libc, spec);
  raiseHardLimits(libc, limits);
  libc.dup2(stdin, 0);
  libc.dup2(stubFds.stderr, 2);
  // /dev/stdout is reopened by name: the user of the spec must be the owner of what is behind it.
  for (const fd of [1, 2]) fchownSync(fd, spec.process.uid, spec.process.gid);
  if (sandboxed) {
    // Installed with privileges: without them the kernel would ask for no_new_privs, and sudo would not work.
    const program = seccompProgram(process.arch);
    libc.seccomp(program.bytes, program.instructions);
    dropBoundingSet(libc);
  }
  process.umask(0o022);
  becomeUser(libc, spec);
  process.chdir(spec.process.cwd);
  const file = findExecutable(spec.process.args[0] ?? "", spec.process.env);
  applyLimits(libc, limits);
  say({ kind: "started" });
  libc.resetSignals();
  libc.closeOnExec(3);
  for (const fd of [0, 1, 2]) libc.keepOnExec(fd);
  throw executeFailure(file, libc.execve(file, spec.process.args, spec.process.env));
}
