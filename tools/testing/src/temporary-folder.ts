import { spawnSync } from "node:child_process";
import { mkdtempSync, realpathSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";

/** A folder that is gone, with all it holds, when its scope ends. */
export interface TemporaryFolder extends Disposable {
  /** Absolute, without symlinks. */
  readonly path: string;
  /** Joins `path` and `parts`. */
  join(...parts: string[]): string;
  remove(): void;
}

/**
 * Makes an empty folder below the system's folder for temporary files.
 *
 * ```ts
 * using folder = temporaryFolder();
 * ```
 */
export function temporaryFolder(prefix = "slipway-test-"): TemporaryFolder {
  const folder = realpathSync(mkdtempSync(path.join(os.tmpdir(), prefix)));
  const remove = (): void => {
    // Work folders of overlayfs are closed to their owner, too, unless that is root.
    if (process.geteuid?.() !== 0) spawnSync("chmod", ["-R", "u+rwX", folder]);
    rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  };
  return {
    path: folder,
    join: (...parts) => path.join(folder, ...parts),
    remove,
    [Symbol.dispose]: remove,
  };
}
