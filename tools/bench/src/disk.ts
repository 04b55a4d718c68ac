import { mkdirSync } from "node:fs";
import { runCommand, temporaryFolder } from "@slipway/testing/fixtures";

/** A file system of its own, mounted. */
export interface Disk extends AsyncDisposable {
  /** Where it is mounted. */
  readonly path: string;
}

/**
 * Makes a sparse file with an ext4 that has a journal and mounts it. Some virtual disks create files twenty times
 * slower after deletes; on a file system of its own every tool meets the same conditions.
 */
export async function mountDisk(sizeGiB: number): Promise<Disk> {
  const folder = temporaryFolder("slipway-bench-");
  const image = folder.join("disk.img");
  const mountPoint = folder.join("disk");
  mkdirSync(mountPoint);
  await runCommand("truncate", ["-s", `${sizeGiB}G`, image]);
  await runCommand("mkfs.ext4", ["-q", "-F", "-E", "lazy_itable_init=0,lazy_journal_init=0", image]);
  await runCommand("mount", ["-o", "loop", image, mountPoint]);
  return {
    path: mountPoint,
    async [Symbol.asyncDispose]() {
      const { code } = await runCommand("umount", [mountPoint], { allowFailure: true });
      if (code !== 0) await runCommand("umount", ["-l", mountPoint]);
      folder.remove();
    },
  };
}
