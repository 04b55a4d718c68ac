import { describe, expect, test } from "vitest";
import { InputError } from "@slipway/oci";
import type { MergedView } from "@slipway/store";
import { resolveUser } from "./users.ts";

/** A root filesystem that has these files and nothing else. */
function root(files: Record<string, string>): MergedView {
  return {
    resolve: (path: string) => ({
      path: path.slice(1),
      found: path in files ? { entry: { kind: "file" } } : undefined,
    }),
    readFile: (path: string) => Promise.resolve(Buffer.from(files[path] ?? "")),
  } as unknown as MergedView;
}

const debian = root({
  "/etc/passwd":
    "root:x:0:0:root:/root:/bin/sh\napp:x:1000:1001::/home/app:\n\nbroken line\nwww-data:x:33:33::/var/www:\n",
  "/etc/group": "root:x:0:\napp:x:1001:\nvideo:x:44:app,other\naudio:x:29:app\n",
});

describe("resolveUser", () => {
  test.each([
    ["", { uid: 0, gid: 0, additionalGids: [], home: "/root" }],
    ["root", { uid: 0, gid: 0, additionalGids: [], home: "/root" }],
    ["app", { uid: 1000, gid: 1001, additionalGids: [44, 29], home: "/home/app" }],
    ["1000", { uid: 1000, gid: 1001, additionalGids: [44, 29], home: "/home/app" }],
    ["app:video", { uid: 1000, gid: 44, additionalGids: [], home: "/home/app" }],
    ["app:7", { uid: 1000, gid: 7, additionalGids: [], home: "/home/app" }],
    ["5000", { uid: 5000, gid: 0, additionalGids: [], home: "/" }],
    ["5000:5001", { uid: 5000, gid: 5001, additionalGids: [], home: "/" }],
  ])("%j is %o", async (text, user) => {
    expect(await resolveUser(debian, text)).toEqual(user);
  });

  test("an image without /etc/passwd has a root, and takes numbers", async () => {
    expect(await resolveUser(root({}), "")).toEqual({ uid: 0, gid: 0, additionalGids: [], home: "/" });
    expect(await resolveUser(root({}), "12:13")).toMatchObject({ uid: 12, gid: 13 });
  });

  test.each([
    ["nobody-here", "USER_NOT_FOUND"],
    ["app:nothing", "GROUP_NOT_FOUND"],
    ["99999999999", "USER_INVALID"],
  ])("%j is an error that says what to do", async (text, code) => {
    const error = await resolveUser(debian, text).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(InputError);
    expect(error).toMatchObject({ code, hint: expect.any(String) as string });
  });
});
