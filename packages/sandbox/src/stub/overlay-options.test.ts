import { expect, test } from "vitest";
import { overlayOptions, overlayOptionString } from "./overlay-options.ts";

const folders = { lowerdirs: ["/a", "/b:c", "/d,e\\f"], upperdir: "/u", workdir: "/w" };

test("characters that the kernel would take as separators are protected", () => {
  expect(overlayOptionString(overlayOptions(folders, false)[1]!)).toBe(
    "lowerdir=/a:/b\\:c:/d\\,e\\\\f,upperdir=/u,workdir=/w",
  );
});

test("features that put more than files into the upper folder are turned off first", () => {
  expect(overlayOptionString(overlayOptions(folders, false)[0]!)).toMatch(
    /,redirect_dir=off,metacopy=off,index=off$/,
  );
});

test("in a user namespace markers go to user attributes", () => {
  for (const options of overlayOptions(folders, true)) expect(options).toContainEqual(["userxattr", ""]);
});

test("options that do not fit into a page are no string", () => {
  const long = (count: number) => overlayOptionString([["lowerdir+", "x".repeat(count)]]);
  expect(long(4095 - "lowerdir=".length)).toBeTypeOf("string");
  expect(long(4096 - "lowerdir=".length)).toBeUndefined();
});
