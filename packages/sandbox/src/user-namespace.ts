import { spawnSync } from "node:child_process";
import { WorldError } from "@slipway/oci";
import { findProgram } from "./choice/find-program.ts";

/** How an ordinary user's process becomes root of a user namespace of its own. */
export interface UserNamespaceCommand {
  /** The absolute path of util-linux's unshare. */
  readonly file: string;
  /** With `args[0]`, and without the command that is to run in the namespace. */
  readonly args: readonly string[];
  /**
   * `range`: the user's subordinate ids are mapped as well, so that files can belong to anybody. `single`: only the
   * user is mapped, to root: a step that changes owners or users fails with EINVAL.
   */
  readonly ids: "range" | "single";
}

/**
 * Finds out by trying how to get a user namespace; takes about 10 ms.
 * @returns undefined when none is needed: the process is root, in a user namespace or on the machine.
 * @throws WorldError `USER_NAMESPACE_UNAVAILABLE`
 */
export function userNamespaceCommand(): UserNamespaceCommand | undefined {
  if (process.getuid?.() === 0) return undefined;
  const file = findProgram("unshare");
  if (file === undefined) {
    throw new WorldError("USER_NAMESPACE_UNAVAILABLE", "unshare is not installed", {
      hint: "Install util-linux.",
    });
  }
  let complaint = "";
  for (const [ids, option] of [
    // By newuidmap and newgidmap (Debian: uidmap), from /etc/subuid and /etc/subgid; util-linux 2.38 or newer.
    ["range", ["--map-auto"]],
    ["single", []],
  ] as const) {
    const args = ["unshare", "--user", "--map-root-user", ...option, "--"];
    const tried = spawnSync(file, [...args.slice(1), findProgram("true") ?? "true"], { encoding: "utf8" });
    if (tried.status === 0) return { file, args, ids };
    complaint = tried.error?.message ?? tried.stderr.trim();
  }
  throw new WorldError("USER_NAMESPACE_UNAVAILABLE", `this user can't have a user namespace: ${complaint}`, {
    hint:
      "Run Slipway as root, or allow user namespaces: sysctl kernel.unprivileged_userns_clone=1 (Debian), " +
      "kernel.apparmor_restrict_unprivileged_userns=0 (Ubuntu), user.max_user_namespaces above 0.",
  });
}

/**
 * Makes an ordinary user's process root in a user namespace by running its program again, in its place: same pid, same
 * files, same terminal. Returns at once when the process is root already; otherwise never, unless it throws. Call it
 * first of all: whatever the process has done before is done again.
 * @throws WorldError `USER_NAMESPACE_UNAVAILABLE`
 */
export function enterUserNamespace(): void {
  const command = userNamespaceCommand();
  if (command === undefined) return;
  const again = [process.execPath, ...process.execArgv, ...process.argv.slice(1)];
  process.execve!(command.file, [...command.args, ...again], process.env as Record<string, string>);
}
