import { expect, test } from "vitest";
import { defaultStoreRoot } from "./default-store-root.ts";

test("the store is where SLIPWAY_ROOT says, else among the user's data", () => {
  expect(defaultStoreRoot({ SLIPWAY_ROOT: "/srv/slipway", HOME: "/home/me" })).toBe("/srv/slipway");
  expect(defaultStoreRoot({ XDG_DATA_HOME: "/data", HOME: "/home/me" })).toBe("/data/slipway");
  expect(defaultStoreRoot({ HOME: "/home/me" })).toBe("/home/me/.local/share/slipway");
  expect(defaultStoreRoot({ XDG_DATA_HOME: "not/absolute", HOME: "/home/me" })).toBe(
    "/home/me/.local/share/slipway",
  );
});
