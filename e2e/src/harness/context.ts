import { cpSync, mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";

/** Writes a build context. @param files path below `folder` → content */
export function writeContext(folder: string, files: Readonly<Record<string, string>>): string {
  mkdirSync(folder, { recursive: true });
  for (const [name, content] of Object.entries(files)) {
    const file = path.join(folder, name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, content);
  }
  return folder;
}

/** Copies a fixture, so that a test may edit it. */
export function copyFixture(name: string, to: string): string {
  cpSync(path.resolve(import.meta.dirname, "../../fixtures", name), to, { recursive: true });
  return to;
}
