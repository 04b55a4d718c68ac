import type { Ref } from "@slipway/engine-sdk";
import type { SourceOp } from "@slipway/ir";
import type { BytePath, Store } from "@slipway/store";
import { expect } from "vitest";
import { linux, signal, sourceOp, taskOf } from "../testing.test.helper.ts";
import type { GitSourceOptions } from "./git-options.ts";
import { createGitSource, type GitSource } from "./git-source.ts";

/** A reference as tests write it. */
export interface Wanted {
  readonly url: string;
  readonly fragment?: string;
  readonly attrs?: Readonly<Record<string, string>>;
}

/** The op for a reference. */
export const opOf = ({ url, fragment = "", attrs = {} }: Wanted): SourceOp =>
  sourceOp(`git://${url.replace(/^[a-z]+:\/\//, "")}${fragment}`, { "git.fullurl": url, ...attrs });

/** Loads a reference with a source of its own, as a build would. */
export async function load(
  store: Store,
  wanted: Wanted,
  options: Partial<GitSourceOptions> & { source?: GitSource } = {},
): Promise<Ref> {
  const op = opOf(wanted);
  const { source = createGitSource({ store, ...options }) } = options;
  return source.load(op, linux, taskOf(op));
}

/** Paths with type, permissions and content or target. */
export async function listing(store: Store, ref: Ref): Promise<Record<string, string>> {
  const view = await store.roots.view(ref, signal);
  const found: Record<string, string> = {};
  for (const { entry } of view.walk("" as BytePath)) {
    if (entry.path === "" || entry.path.startsWith(".git/")) continue;
    if (entry.kind === "file") {
      found[entry.path] = `${entry.mode.toString(8)} ${String(await view.readFile(entry.path))}`;
    } else if (entry.kind === "symlink") found[entry.path] = `-> ${entry.target}`;
    else if (entry.kind === "dir") found[`${entry.path}/`] = entry.mode.toString(8);
    else found[entry.path] = entry.kind;
  }
  return found;
}

/** The error of a reference that must not load. */
export async function failureOf(
  store: Store,
  wanted: Wanted,
  options: Partial<GitSourceOptions> = {},
): Promise<{ code: string; message: string; hint: string }> {
  const op = opOf(wanted);
  const source = createGitSource({ store, ...options });
  return source
    .key(op, linux, signal)
    .then(() => source.load(op, linux, taskOf(op)))
    .then(
      () => expect.unreachable("it was fetched"),
      (error: unknown) => error as never,
    );
}
