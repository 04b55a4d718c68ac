import { mkdtempSync, realpathSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";

export interface TemporaryFolder {
  /** Absolute, without symlinks. */
  readonly path: string;
  join(...parts: string[]): string;
  remove(): void;
}

/** A new empty folder; whoever asks for one removes it. */
export function temporaryFolder(): TemporaryFolder {
  const folder = realpathSync(mkdtempSync(path.join(os.tmpdir(), "slipway-cli-test-")));
  return {
    path: folder,
    join: (...parts) => path.join(folder, ...parts),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
