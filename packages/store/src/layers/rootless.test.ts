import { execFileSync } from "node:child_process";
import fs from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { temporaryFolder } from "../testing/temporary-store.test.helper.ts";

const CHILD = fileURLToPath(new URL("../testing/rootless-child.test.helper.ts", import.meta.url));
const NOBODY = 65534;

/** How to become somebody without privileges who is root in a user namespace; undefined where that is not allowed. */
function unprivileged(): string[] | undefined {
  const drop =
    process.geteuid?.() === 0 ? ["setpriv", `--reuid=${NOBODY}`, `--regid=${NOBODY}`, "--clear-groups"] : [];
  const command = [...drop, "unshare", "--user", "--map-root-user", "--mount"];
  try {
    execFileSync(command[0]!, [...command.slice(1), "true"], { stdio: "ignore" });
    return command;
  } catch {
    if (process.env.SLIPWAY_REQUIRE_ALL === "1") throw new Error("user namespaces are not allowed here");
    return undefined;
  }
}

const command = unprivileged();

test.skipIf(command === undefined)("layers are the same without privileges, in a user namespace", () => {
  const folder = temporaryFolder();
  if (process.geteuid?.() === 0) fs.chownSync(folder, NOBODY, NOBODY);
  const args = [...command!.slice(1), process.execPath, ...process.execArgv, CHILD, folder];
  const output = execFileSync(command![0]!, args, {
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
