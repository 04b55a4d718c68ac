import { runCommand } from "@slipway/testing/fixtures";

/** Packs a folder into a tar whose bytes depend on names, modes and contents only; all files belong to root. */
export async function packFolder(folder: string, tar: string): Promise<void> {
  await runCommand("tar", [
    ...["--format=gnu", "--sort=name", "--numeric-owner", "--owner=0", "--group=0", "--mtime=@1735689600"],
    ...["-C", folder, "-cf", tar, "."],
  ]);
}
