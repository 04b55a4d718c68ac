import { execFileSync, spawnSync } from "node:child_process";
import fs from "node:fs";
import { fileURLToPath } from "node:url";
import { requires } from "@slipway/testing";
import { expect } from "vitest";
import { temporaryFolder } from "../testing/temporary-store.test.helper.ts";

const CHILD = fileURLToPath(new URL("../testing/rootless-child.test.helper.ts", import.meta.url));
const NOBODY = 65534;

/** A command line that runs another as root of a user namespace, without privileges outside of it. */
const command = [
  ...(process.geteuid?.() === 0
    ? ["setpriv", `--reuid=${NOBODY}`, `--regid=${NOBODY}`, "--clear-groups"]
    : []),
  ...["unshare", "--user", "--map-root-user", "--mount"],
];

/** What is missing: user namespaces, or a way for somebody without privileges to this checkout. */
function missing(): string | undefined {
  const works = (...more: string[]): boolean =>
    spawnSync(command[0]!, [...command.slice(1), ...more], { stdio: "ignore", cwd: "/" }).status === 0;
  if (!works("true")) return "user namespaces";
  return works(process.execPath, "--version") ? undefined : "a checkout that everybody may read";
}

requires({ checks: [missing] }).test("layers are the same without privileges, in a user namespace", () => {
  const folder = temporaryFolder();
  if (process.geteuid?.() === 0) fs.chownSync(folder, NOBODY, NOBODY);
  const args = [...command.slice(1), process.execPath, ...process.execArgv, CHILD, folder];
  const output = execFileSync(command[0]!, args, {
    encoding: "utf8",
    cwd: "/",
    env: { ...process.env, HOME: folder },
  });
  expect(JSON.parse(output)).toEqual({
    first: ["full", "full/a", "gone", "gone/b"],
    note: "n",
    second: ["dir full opaque", "file full/c", "whiteout gone", "dir new"],
    shown: ["full", "full/c", "new", "proc"],
  });
});
