import { WorldError } from "@slipway/oci";
import { expect, test } from "vitest";
import { memberships, parseIdMap, withinUserNamespace } from "./mapped-ids.ts";

const single = parseIdMap("         0       1000          1\n");
const many = parseIdMap("         0       1000          1\n         1     100000      65536\n");
const root = { uid: 0, gid: 0, additionalGids: [], home: "/root" };

test("a namespace with one id runs root, and tells who else it cannot run", () => {
  const maps = { uids: single, gids: single };
  expect(withinUserNamespace(root, maps)).toEqual(root);
  expect(() => withinUserNamespace({ ...root, uid: 33 }, maps)).toThrow(WorldError);
  expect(() => withinUserNamespace({ ...root, uid: 33 }, maps)).toThrow("user 33");
  expect(() => withinUserNamespace({ ...root, gid: 33 }, maps)).toThrow("group 33");
});

test("memberships of groups that the namespace lacks are left out, so that Alpine's root can run", () => {
  const member = { ...root, additionalGids: [1, 10, 70_000] };
  expect(withinUserNamespace(member, { uids: single, gids: single })).toEqual(root);
  expect(withinUserNamespace(member, { uids: many, gids: many }).additionalGids).toEqual([1, 10]);
});

test("subordinate ids are usable up to the last of them", () => {
  const maps = { uids: many, gids: many };
  expect(withinUserNamespace({ ...root, uid: 65536, gid: 33 }, maps)).toMatchObject({ uid: 65536, gid: 33 });
  expect(() => withinUserNamespace({ ...root, uid: 65537 }, maps)).toThrow("user 65537");
});

test("root of the machine has every id", () => {
  const all = parseIdMap("         0          0 4294967295\n");
  const user = { ...root, uid: 2 ** 32 - 2, additionalGids: [10] };
  expect(withinUserNamespace(user, { uids: all, gids: all })).toEqual(user);
});

test("a step is in its main group, too, where it may choose its groups", () => {
  const member = { ...root, gid: 5, additionalGids: [10, 5] };
  expect(memberships(member, [44, 10], { maySetGroups: true })).toEqual([5, 10, 44]);
  expect(memberships({ ...root, gid: 5 }, [], { maySetGroups: false })).toEqual([]);
});
