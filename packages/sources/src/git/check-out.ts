import fs from "node:fs";
import path from "node:path";
import { setImmediate as pause } from "node:timers/promises";
import { InputError, SlipwayError } from "@slipway/oci";
import type { GitRequestSpec } from "./git-attrs.ts";
import { objectFormat, type GitMirror } from "./git-mirror.ts";
import type { GitSession } from "./git-session.ts";
import type { PinnedRef } from "./resolve-ref.ts";

export interface CheckOut {
  readonly spec: GitRequestSpec;
  readonly pin: PinnedRef;
  readonly mirror: GitMirror;
  readonly session: GitSession;
  /** An existing empty folder. */
  readonly folder: string;
  readonly onLine: (line: string) => void;
}

/**
 * Writes a commit's files into a folder, with submodules and the repository's own folder as the spec wants. Modes are
 * those of umask 022, whatever the person's is. No hook runs and no filter of a configuration.
 * @returns the folder to take: `folder` or the subfolder that was asked for
 * @throws InputError `GIT_SUBDIR_INVALID`
 */
export async function checkOut(task: CheckOut): Promise<string> {
  const { spec, pin, mirror, session, folder } = task;
  const subject = `check out ${pin.commit} of ${spec.remote.url}`;
  const run = (args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<string> =>
    session.local(args, { cwd: folder, subject, env });
  const inMirror = ["--git-dir", mirror.gitDir];
  const seconds = Number(
    (await run([...inMirror, "show", "-s", "--format=%ct", pin.commit])).trim().split("\n").at(-1),
  );
  const modules = spec.skipSubmodules
    ? ""
    : await run([...inMirror, "ls-tree", "--name-only", pin.commit, ".gitmodules"]);
  if (spec.keepGitDir || modules.trim() !== "")
    await checkOutRepository(task, { run, hasModules: modules.trim() !== "" });
  else {
    // A bare repository's index is nobody's. Beside the folder, in which every name is the repository's.
    const index = `${folder}.index`;
    const env = { GIT_INDEX_FILE: index, GIT_WORK_TREE: folder, GIT_DIR: mirror.gitDir };
    try {
      await run(["read-tree", pin.commit], env);
      await run(["-c", "core.bare=false", "checkout-index", "--all", "--force", "--quiet"], env);
    } finally {
      fs.rmSync(index, { force: true });
    }
  }
  const chosen = subfolder(folder, spec.subdir);
  await tidy(
    chosen,
    spec.mtime === "commit" && Number.isFinite(seconds) ? representable(seconds) : undefined,
  );
  return chosen;
}

/** As a repository of its own, since submodules and `.git` need one. */
async function checkOutRepository(
  { spec, pin, mirror, session, folder, onLine }: CheckOut,
  tools: {
    readonly run: (args: readonly string[], env?: Readonly<Record<string, string>>) => Promise<string>;
    readonly hasModules: boolean;
  },
): Promise<void> {
  const { run } = tools;
  const gitDir = path.join(folder, ".git");
  await run(["init", "--quiet", "--template=", objectFormat(pin.commit), folder]);
  await run(["remote", "add", "origin", spec.remote.url]);
  const wanted = pin.tag ?? pin.commit;
  const kept = pin.name !== undefined && /^refs\/(?:heads|tags)\//.test(pin.name) ? [pin.name] : [];
  const refspecs = (kept.length > 0 ? kept : ["refs/slipway/wanted"]).map(
    (name) => `+refs/slipway/${wanted}:${name}`,
  );
  await run([
    "fetch",
    "--quiet",
    "--update-head-ok",
    "--depth=1",
    "--no-tags",
    "--no-write-fetch-head",
    mirror.gitDir,
    ...refspecs,
  ]);
  await run(["checkout", "--quiet", "--detach", pin.commit]);
  if (kept.length === 0) await run(["update-ref", "-d", "refs/slipway/wanted"]);
  if (tools.hasModules) await updateSubmodules({ spec, session, folder, onLine }, run);
  if (!spec.keepGitDir) fs.rmSync(gitDir, { recursive: true, force: true });
  else for (const repository of repositoriesBelow(gitDir)) await settle(repository, run);
}

async function updateSubmodules(
  { spec, session, folder, onLine }: Pick<CheckOut, "spec" | "session" | "folder" | "onLine">,
  run: (args: readonly string[]) => Promise<string>,
): Promise<void> {
  const update = (depth: readonly string[]): Promise<string> =>
    session.remote(["submodule", "update", "--init", "--recursive", ...depth, "--progress"], {
      cwd: folder,
      subject: `fetch submodules of ${spec.remote.url}`,
      onLine,
    });
  try {
    await update(["--depth=1"]);
  } catch (error) {
    if (!(error instanceof SlipwayError) || !["GIT_REF_NOT_FOUND", "GIT_FAILED"].includes(error.code))
      throw error;
    // A server that gives out tips only, or whole repositories only: with all of the history, then.
    await run(["submodule", "deinit", "--quiet", "--all", "--force"]);
    fs.rmSync(path.join(folder, ".git/modules"), { recursive: true, force: true });
    await update([]);
  }
}

/** The repository's folder and those of its submodules. */
function repositoriesBelow(gitDir: string): string[] {
  const found = [gitDir];
  const look = (folder: string): void => {
    for (const entry of fs.readdirSync(folder, { withFileTypes: true })) {
      if (!entry.isDirectory()) continue;
      const below = path.join(folder, entry.name);
      if (fs.existsSync(path.join(below, "HEAD"))) {
        found.push(below);
        if (fs.existsSync(path.join(below, "modules"))) look(path.join(below, "modules"));
      } else look(below);
    }
  };
  if (fs.existsSync(path.join(gitDir, "modules"))) look(path.join(gitDir, "modules"));
  return found;
}

/** Takes away what differs from one check-out to the next: logs, and the inodes and times that an index holds. */
async function settle(
  gitDir: string,
  run: (args: readonly string[], env?: Readonly<Record<string, string>>) => Promise<string>,
): Promise<void> {
  for (const name of ["logs", "FETCH_HEAD", "ORIG_HEAD", "index"])
    fs.rmSync(path.join(gitDir, name), { recursive: true, force: true });
  await run(["read-tree", "HEAD"], { GIT_DIR: gitDir, GIT_WORK_TREE: gitDir });
}

/** The subfolder of a check-out. No part of its path may be a symlink, which could lead anywhere. */
function subfolder(folder: string, subdir: string): string {
  let at = folder;
  for (const part of subdir.split("/").filter(Boolean)) {
    at = path.join(at, part);
    const stat = fs.lstatSync(at, { throwIfNoEntry: false });
    if (stat?.isDirectory()) continue;
    throw new InputError(
      "GIT_SUBDIR_INVALID",
      stat === undefined
        ? `the repository has no folder "${subdir}"`
        : `"${subdir}" of the repository is not a folder${stat.isSymbolicLink() ? ", but a symbolic link" : ""}`,
      { data: { subdir }, hint: "Name a folder of the repository after the colon: REPOSITORY#REF:FOLDER." },
    );
  }
  return at;
}

/** Files between two pauses, so that progress goes on. */
const PAUSE_EVERY = 1000;

/** Times that all filesystems and archives take: git lets a commit claim any number. */
const EARLIEST_SECONDS = -(2 ** 31);
const LATEST_SECONDS = 2 ** 33 - 1;

function representable(seconds: number): number {
  return Math.min(Math.max(seconds, EARLIEST_SECONDS), LATEST_SECONDS);
}

/** Modes as with umask 022, and times in whole seconds. */
async function tidy(root: string, seconds: number | undefined): Promise<void> {
  let count = 0;
  const visit = async (folder: Buffer): Promise<void> => {
    for (const name of fs.readdirSync(folder, { encoding: "buffer" })) {
      const file = Buffer.concat([folder, Buffer.from("/"), name]);
      const stat = fs.lstatSync(file);
      if (stat.isDirectory()) await visit(file);
      if (!stat.isSymbolicLink()) fs.chmodSync(file, modeFor(stat));
      if (seconds !== undefined) fs.lutimesSync(file, seconds, seconds);
      if (++count % PAUSE_EVERY === 0) await pause();
    }
  };
  await visit(Buffer.from(root));
}

function modeFor(stat: fs.Stats): number {
  if (stat.isDirectory() || (stat.mode & 0o100) !== 0) return 0o755;
  return (stat.mode & 0o200) !== 0 ? 0o644 : 0o444;
}
