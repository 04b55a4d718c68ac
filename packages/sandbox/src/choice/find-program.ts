import { accessSync, constants, statSync } from "node:fs";
import path from "node:path";

/** PATH with the folders where util-linux and runtimes may be and an ordinary user's PATH does not lead. */
export function searchPath(): string {
  return `${process.env["PATH"] ?? ""}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin`;
}

/** Where a program is; undefined when it is not installed. */
export function findProgram(name: string): string | undefined {
  for (const folder of searchPath().split(":")) {
    const file = path.join(folder, name);
    try {
      accessSync(file, constants.X_OK);
      if (folder !== "" && statSync(file).isFile()) return file;
    } catch {
      // not here
    }
  }
  return undefined;
}
