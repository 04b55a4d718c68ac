import { existsSync, readdirSync, realpathSync, statfsSync, writeFileSync } from "node:fs";
import path from "node:path";
import { StubFailure } from "./stub-failure.ts";

const cgroups = "/sys/fs/cgroup";
const cgroup2Magic = 0x63677270;

/**
 * Moves the calling process into a cgroup, in every hierarchy that has it. Nothing has to be cleaned up afterwards: the
 * cgroup is somebody else's, and none is made below it.
 * @param parent path below the root of the hierarchy.
 */
export function joinCgroup(parent: string): void {
  const name = path.posix.normalize(`/${parent}`);
  // Version 2 has one hierarchy; of version 1 each controller has one.
  const folders = isVersion2() ? [cgroups] : hierarchies();
  const joined = folders.map((folder) => path.join(folder, name, "cgroup.procs")).filter(existsSync);
  if (joined.length === 0) {
    const folder = folders.find((each) => each.endsWith("/memory")) ?? folders[0] ?? cgroups;
    throw new StubFailure(
      "SANDBOX_CGROUP_UNUSABLE",
      `there is no cgroup ${name}`,
      `Make it before the build: mkdir ${path.join(folder, name)}.`,
    );
  }
  for (const file of joined) {
    try {
      writeFileSync(file, "0");
    } catch (cause) {
      throw new StubFailure(
        "SANDBOX_CGROUP_UNUSABLE",
        `the step can't run in the cgroup ${name}: ${(cause as NodeJS.ErrnoException).code} for ${file}`,
        "The cgroup must be one that this user may write to, and on version 2 one that hands no controllers down.",
      );
    }
  }
}

function isVersion2(): boolean {
  return statfsSync(cgroups).type === cgroup2Magic;
}

function hierarchies(): string[] {
  const found = readdirSync(cgroups).map((name) => path.join(cgroups, name));
  // Some names are links to others' folders.
  return [...new Set(found.map((folder) => realpathSync(folder)))].filter((folder) =>
    existsSync(path.join(folder, "cgroup.procs")),
  );
}
