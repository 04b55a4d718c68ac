import fs from "node:fs";
import type { Ref, SourceTask } from "@slipway/engine-sdk";
import type { SourceOp } from "@slipway/ir";
import { checkOut } from "./check-out.ts";
import { readGitOp, type GitRequestSpec } from "./git-attrs.ts";
import { withMirror } from "./git-mirror.ts";
import { withGitSession } from "./git-session.ts";
import type { GitSourceMeta, GitSourceOptions } from "./git-options.ts";
import { gitStatuses } from "./git-statuses.ts";
import { askForRef, pinWithoutAsking, type PinnedRef } from "./resolve-ref.ts";

export interface GitSourceImpl {
  key(op: SourceOp, signal: AbortSignal): Promise<string>;
  load(op: SourceOp, task: SourceTask): Promise<Ref>;
  meta(op: SourceOp, signal: AbortSignal): Promise<GitSourceMeta>;
}

/** The git source of one build: a reference stands for the same commit from the build's first look at it to its last. */
export function createGitSourceImpl(options: GitSourceOptions): GitSourceImpl {
  const { store } = options;
  const pins = new Map<string, Promise<PinnedRef>>();
  const read = (op: SourceOp): GitRequestSpec => readGitOp(op, { allowFiles: options.allowFiles ?? false });

  function pin(spec: GitRequestSpec, signal: AbortSignal): Promise<PinnedRef> {
    const known = pinWithoutAsking(spec);
    if (known !== undefined) return Promise.resolve(known);
    const question = JSON.stringify([
      spec.remote.url,
      spec.remote.userInfo,
      spec.ref,
      spec.checksum,
      spec.authHeaderSecret,
      spec.authTokenSecret,
    ]);
    let pending = pins.get(question);
    if (pending === undefined) {
      pending = withGitSession(spec, options, {
        signal,
        work: async (session) => {
          const cwd = store.temporaryFolder();
          try {
            return await askForRef(spec, session, cwd);
          } finally {
            fs.rmSync(cwd, { recursive: true, force: true });
          }
        },
      });
      pins.set(question, pending);
      pending.catch(() => pins.delete(question));
    }
    return pending;
  }

  return {
    async key(op, signal) {
      const spec = read(op);
      const { commit, tag, name } = await pin(spec, signal);
      // What is written into a kept `.git` counts as well.
      const kept = spec.keepGitDir ? [spec.remote.url, tag, name] : [];
      return `git ${JSON.stringify([commit, spec.subdir, spec.skipSubmodules, spec.mtime, ...kept])}`;
    },
    async load(op, { vertex, context }) {
      const spec = read(op);
      const { signal } = context;
      const pinned = await pin(spec, signal);
      const onLine = gitStatuses({ vertex, context });
      const folder = store.temporaryFolder();
      try {
        const chosen = await withGitSession(spec, options, {
          signal,
          work: (session) =>
            withMirror(spec, {
              store,
              session,
              signal,
              pin: pinned,
              async work(mirror) {
                await mirror.fetch(pinned, onLine);
                fs.rmSync(folder, { recursive: true, force: true });
                fs.mkdirSync(folder, { mode: 0o755 });
                return checkOut({ spec, pin: pinned, mirror, session, folder, onLine });
              },
            }),
        });
        return { layers: [await store.layers.addFolder(chosen, { signal })] };
      } finally {
        fs.rmSync(folder, { recursive: true, force: true });
      }
    },
    async meta(op, signal) {
      const spec = read(op);
      const { commit, tag, name } = await pin(spec, signal);
      return {
        checksum: tag ?? commit,
        ref: name ?? commit,
        ...(tag === undefined ? {} : { commitChecksum: commit }),
      };
    },
  };
}
