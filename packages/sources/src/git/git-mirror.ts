import fs from "node:fs";
import path from "node:path";
import { EMPTY_REF } from "@slipway/engine-sdk";
import { InputError, SlipwayError } from "@slipway/oci";
import type { Store } from "@slipway/store";
import type { GitRequestSpec } from "./git-attrs.ts";
import type { GitSession } from "./git-session.ts";
import type { PinnedRef } from "./resolve-ref.ts";

/** A bare repository in the store that has fetched what builds asked for. */
export interface GitMirror {
  /** Absolute. */
  readonly gitDir: string;
  /**
   * Sees to it that a commit is there, with its tree, and its tag if it has one.
   * @throws InputError `GIT_REF_NOT_FOUND`
   */
  fetch(pin: PinnedRef, onLine: (line: string) => void): Promise<void>;
}

/**
 * Lends the mirror of a repository to `work`, and to nobody else meanwhile, in any process. It lies in the store among
 * the cache mounts, so that pruning takes it, and its lock goes with the process that holds it.
 */
export async function withMirror<T>(
  spec: GitRequestSpec,
  task: {
    readonly store: Store;
    readonly session: GitSession;
    readonly signal: AbortSignal;
    /** What is going to be fetched. */
    readonly pin: PinnedRef;
    readonly work: (mirror: GitMirror) => Promise<T>;
  },
): Promise<T> {
  const { store, session, signal, pin } = task;
  const kind = pin.commit.length === 64 ? " (sha256)" : "";
  const id = `git ${spec.remote.url}${kind}`;
  // Steps must not get at it: git does what the configuration in there says.
  const request = { id, owner: "git", sharing: "locked", base: EMPTY_REF } as const;
  const lease = await store.cacheMounts.acquire(request, signal);
  try {
    const gitDir = path.join(lease.path, "repository");
    const mirror = mirrorAt(gitDir, spec, session);
    await open(gitDir, session, pin);
    try {
      return await task.work(mirror);
    } catch (error) {
      if (!(error instanceof SlipwayError) || error.code !== "GIT_FAILED") throw error;
      // What a killed git or a full disk left may be in the way: once more with a new one.
      signal.throwIfAborted();
      fs.rmSync(gitDir, { recursive: true, force: true });
      await open(gitDir, session, pin);
      return await task.work(mirror);
    }
  } finally {
    await lease.release();
  }
}

/** The option of `git init` for the kind of hash that a repository uses. */
export function objectFormat(hash: string): string {
  return `--object-format=${hash.length === 64 ? "sha256" : "sha1"}`;
}

async function open(gitDir: string, session: GitSession, pin: PinnedRef): Promise<void> {
  if (fs.existsSync(path.join(gitDir, "ready"))) {
    removeLocks(gitDir);
    return;
  }
  fs.rmSync(gitDir, { recursive: true, force: true });
  fs.mkdirSync(gitDir, { recursive: true, mode: 0o700 });
  await session.local(["init", "--quiet", "--bare", "--template=", objectFormat(pin.commit), gitDir], {
    cwd: gitDir,
    subject: "prepare a repository",
  });
  fs.writeFileSync(path.join(gitDir, "ready"), "");
}

/** A git that was killed leaves its locks. Nobody else works here: the lease says so. */
function removeLocks(gitDir: string): void {
  const below = (folder: string): string[] => {
    try {
      return fs
        .readdirSync(path.join(gitDir, folder), { recursive: true })
        .map((name) => `${folder}/${String(name)}`);
    } catch {
      return [];
    }
  };
  for (const name of [...fs.readdirSync(gitDir), ...below("refs")]) {
    if (name.endsWith(".lock")) fs.rmSync(path.join(gitDir, name), { force: true });
  }
  for (const name of below("objects")) {
    if (/\/(?:tmp_|incoming-)[^/]*$/.test(name))
      fs.rmSync(path.join(gitDir, name), { recursive: true, force: true });
  }
}

function mirrorAt(gitDir: string, spec: GitRequestSpec, session: GitSession): GitMirror {
  const { url } = spec.remote;
  // Named, not searched for: a damaged mirror must not become whatever repository is above it.
  const at = { cwd: gitDir, env: { GIT_DIR: gitDir } };
  const subject = `fetch from ${url}`;

  /** Marks that a commit is whole: an object alone may be one whose tree never came. */
  const refOf = (hash: string): string => `refs/slipway/${hash}`;

  async function has(hash: string): Promise<boolean> {
    try {
      const found = await session.local(["rev-parse", "--verify", "--quiet", refOf(hash)], {
        ...at,
        subject,
      });
      return found.trim() === hash;
    } catch {
      return false;
    }
  }

  async function tryFetch(
    refspecs: readonly string[],
    onLine: (line: string) => void,
    depth: readonly string[] = ["--depth=1"],
  ): Promise<void> {
    await session.remote(
      [
        "fetch",
        "--no-tags",
        "--force",
        "--progress",
        "--no-write-fetch-head",
        ...depth,
        "--",
        url,
        ...refspecs,
      ],
      { ...at, subject, onLine },
    );
  }

  async function mark(hash: string): Promise<boolean> {
    try {
      await session.local(["cat-file", "-e", `${hash}^{tree}`], { ...at, subject });
      await session.local(["update-ref", refOf(hash), hash], { ...at, subject });
      return true;
    } catch {
      return false;
    }
  }

  return {
    gitDir,
    async fetch(pin, onLine) {
      const wanted = pin.tag ?? pin.commit;
      if (await has(wanted)) return;
      const attempts: (() => Promise<void>)[] = [
        // By its hash: the ref may have moved since it was asked for.
        () => tryFetch([`+${wanted}:${refOf(wanted)}`], onLine),
      ];
      // Servers that give out nothing but what they advertise.
      if (pin.name !== undefined)
        attempts.push(() => tryFetch([`+${pin.name}:refs/slipway-ref/wanted`], onLine));
      attempts.push(() =>
        tryFetch(["+refs/heads/*:refs/slipway-all/heads/*", "+refs/tags/*:refs/slipway-all/tags/*"], onLine, [
          ...(fs.existsSync(path.join(gitDir, "shallow")) ? ["--unshallow"] : []),
        ]),
      );
      let last: unknown;
      for (const attempt of attempts) {
        try {
          await attempt();
          if (await mark(wanted)) return;
        } catch (error) {
          if (
            !(error instanceof SlipwayError) ||
            !["GIT_REF_NOT_FOUND", "GIT_FAILED", "GIT_UNREACHABLE"].includes(error.code)
          )
            throw error;
          last = error;
          // The server is not there at all: asking it otherwise does not help.
          if (error.code === "GIT_UNREACHABLE" && !/hung up|early EOF/.test(error.message)) throw error;
        }
      }
      if (last instanceof SlipwayError && last.code === "GIT_FAILED") throw last;
      throw new InputError("GIT_REF_NOT_FOUND", `${url} has no commit ${pin.commit}`, {
        hint: "Check the hash; commits that no branch or tag leads to may be refused by the server.",
        cause: last,
      });
    },
  };
}
