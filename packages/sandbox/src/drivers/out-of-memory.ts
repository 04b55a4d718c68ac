import { readFileSync } from "node:fs";
import path from "node:path";

/**
 * How many processes the kernel has killed for want of memory: in this process's own memory cgroup where there is one,
 * else on the whole machine. Only differences mean something. Sandboxes share the cgroup of slipway, since making one
 * for each would leave it behind when slipway is killed.
 * @param cgroup the cgroup that counts instead of this process's own, as in `SandboxSpec.cgroupParent`.
 */
export function outOfMemoryKills(cgroup?: string): number {
  for (const file of counterFiles(cgroup)) {
    const count = /^oom_kill (\d+)$/m.exec(read(file) ?? "")?.[1];
    if (count !== undefined) return Number(count);
  }
  return 0;
}

/** The most telling counter first. */
function counterFiles(cgroup: string | undefined): string[] {
  if (cgroup !== undefined) {
    return [
      path.join("/sys/fs/cgroup/memory", cgroup, "memory.oom_control"),
      path.join("/sys/fs/cgroup", cgroup, "memory.events"),
      "/proc/vmstat",
    ];
  }
  const files: string[] = [];
  for (const line of (read("/proc/self/cgroup") ?? "").trim().split("\n")) {
    const [, controllers, ...rest] = line.split(":");
    const folder = rest.join(":");
    if (controllers?.split(",").includes("memory") === true) {
      files.unshift(
        path.join("/sys/fs/cgroup/memory", folder, "memory.oom_control"),
        "/sys/fs/cgroup/memory/memory.oom_control",
      );
    } else if (controllers === "") {
      files.push(path.join("/sys/fs/cgroup", folder, "memory.events"));
    }
  }
  return [...files, "/proc/vmstat"];
}

function read(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
}
