import { expect, test } from "vitest";
import * as sdk from "./index.ts";

test("the public names are what the README says", () => {
  expect(Object.keys(sdk).sort()).toEqual(["defineFrontend"]);
});

test("a defined frontend can't be changed afterwards", () => {
  const frontend = sdk.defineFrontend({
    name: "x",
    fileNames: [],
    build: () => Promise.resolve({ outputs: [] }),
  });
  expect(() => Object.assign(frontend, { name: "y" })).toThrow(TypeError);
});
