import { UsageError } from "../usage-error.ts";
import type { BuildFlags } from "./build-flags.ts";
import { parseSizeBytes } from "./quantities.ts";

/** Limits that the kernel has for processes. @see setrlimit(2) */
const RESOURCES =
  "as core cpu data fsize locks memlock msgqueue nice nofile nproc rss rtprio rttime sigpending stack";

/**
 * Frontend attributes of `--shm-size`, `--ulimit` and `--cgroup-parent`, under BuildKit's names.
 * @throws UsageError
 */
export function limitOptions(flags: BuildFlags): Record<string, string> {
  const options: Record<string, string> = {};
  if (flags.shmSize !== undefined) {
    const sizeBytes = parseSizeBytes(flags.shmSize, "--shm-size");
    if (sizeBytes > 0) options["shm-size"] = String(sizeBytes);
  }
  const limits = new Map(flags.ulimit.map(ulimit));
  if (limits.size > 0) options["ulimit"] = [...limits].map(([name, range]) => `${name}=${range}`).join(",");
  if (flags.cgroupParent) options["cgroup-parent"] = flags.cgroupParent;
  return options;
}

/** `nofile=1024:2048` or `nofile=1024` as name and `soft:hard`. */
function ulimit(text: string): [name: string, range: string] {
  const [, name = "", soft = "", hard = soft] = /^(\w+)=(-1|\d+)(?::(-1|\d+))?$/.exec(text) ?? [];
  if (name === "") {
    throw new UsageError(
      `--ulimit "${text}" is not a limit`,
      "Write it as --ulimit name=soft:hard, for example nofile=1024:2048; -1 is no limit.",
    );
  }
  if (!RESOURCES.split(" ").includes(name)) {
    throw new UsageError(
      `--ulimit: there is no limit "${name}"`,
      `There are ${RESOURCES.replaceAll(" ", ", ")}.`,
    );
  }
  const value = (limit: string): number => (limit === "-1" ? Infinity : Number(limit));
  if (value(soft) > value(hard)) {
    throw new UsageError(
      `--ulimit "${text}": the soft limit is above the hard one`,
      "Write the soft limit first, then the hard one.",
    );
  }
  return [name, `${soft}:${hard}`];
}
