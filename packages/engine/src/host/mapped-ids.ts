import fs from "node:fs";
import { WorldError } from "@slipway/oci";
import type { ProcessUser } from "./users.ts";

/** The first id of a range and how many follow it, as they are called inside of a user namespace. */
export interface IdRange {
  readonly first: number;
  readonly count: number;
}

/** Reads the ranges of a uid_map or gid_map. @see user_namespaces(7) */
export function parseIdMap(text: string): readonly IdRange[] {
  return text
    .split("\n")
    .map((line) => line.trim().split(/\s+/).map(Number))
    .filter((numbers) => numbers.length === 3)
    .map(([first = 0, , count = 0]) => ({ first, count }));
}

/**
 * The user as the user namespace of this process can run it: without the memberships in groups that it does not have.
 * Those come from files of the image, whose author did not think of namespaces: root is in ten groups in some.
 * @throws WorldError `USER_NOT_MAPPED` when the namespace lacks the user itself, or its main group
 */
export function withinUserNamespace(
  user: ProcessUser,
  maps: { readonly uids: readonly IdRange[]; readonly gids: readonly IdRange[] } = ownMaps(),
): ProcessUser {
  const missing = !has(maps.uids, user.uid)
    ? `user ${user.uid}`
    : !has(maps.gids, user.gid)
      ? `group ${user.gid}`
      : undefined;
  if (missing === undefined) {
    return { ...user, additionalGids: user.additionalGids.filter((gid) => has(maps.gids, gid)) };
  }
  throw new WorldError(
    "USER_NOT_MAPPED",
    `the step runs as ${missing}, which this user namespace does not have`,
    {
      hint: "Install uidmap and list your user in /etc/subuid and /etc/subgid, or build as root. `slipway doctor` shows how many ids there are.",
    },
  );
}

/**
 * The groups that a step is in beside its main one. That is one of them, so that no process gets rid of it, and of what
 * its members may not do, by changing its main group.
 * @param options.maySetGroups whether this user namespace lets its processes choose; default: what the kernel says
 */
export function memberships(
  user: ProcessUser,
  further: readonly number[],
  options: { readonly maySetGroups?: boolean } = {},
): readonly number[] {
  const { maySetGroups = kernelLetsSetGroups() } = options;
  return [...new Set([...(maySetGroups ? [user.gid] : []), ...user.additionalGids, ...further])];
}

/** @see user_namespaces(7), /proc/pid/setgroups */
function kernelLetsSetGroups(): boolean {
  try {
    return fs.readFileSync("/proc/self/setgroups", "latin1").trim() !== "deny";
  } catch {
    // A kernel without user namespaces.
    return true;
  }
}

function has(ranges: readonly IdRange[], id: number): boolean {
  return ranges.some(({ first, count }) => id >= first && id - first < count);
}

function ownMaps(): { uids: readonly IdRange[]; gids: readonly IdRange[] } {
  return {
    uids: parseIdMap(fs.readFileSync("/proc/self/uid_map", "latin1")),
    gids: parseIdMap(fs.readFileSync("/proc/self/gid_map", "latin1")),
  };
}
