import type { Source } from "@slipway/engine-sdk";
import type { SourceOp } from "@slipway/ir";
import type { GitSourceMeta, GitSourceOptions } from "./git-options.ts";
import type { GitSourceImpl } from "./git-source-impl.ts";

export interface GitSource extends Source {
  meta(op: SourceOp, signal: AbortSignal): Promise<GitSourceMeta>;
}

/**
 * Git repositories: `git://host/path#ref:subdir` with BuildKit's attributes (`git.fullurl`, `.keepgitdir`, `.checksum`,
 * `.fetchbycommit`, `.authtokensecret`, `.authheadersecret`, `.knownsshhosts`, `.mountsshsock`, `.skipsubmodules`,
 * `.mtime`). Needs the program `git`. Keyed by commit: a branch that did not move is asked for, not fetched.
 * Files have the commit's time unless `git.mtime` is `checkout`, so that the same commit gives the same layer.
 * One for each build.
 */
export function createGitSource(options: GitSourceOptions): GitSource {
  let impl: Promise<GitSourceImpl> | undefined;
  const load = (): Promise<GitSourceImpl> =>
    (impl ??= import("./git-source-impl.ts").then(({ createGitSourceImpl }) => createGitSourceImpl(options)));
  return {
    schemes: ["git"],
    key: async (op, _platform, signal) => (await load()).key(op, signal),
    load: async (op, _platform, task) => (await load()).load(op, task),
    meta: async (op, signal) => (await load()).meta(op, signal),
  };
}
