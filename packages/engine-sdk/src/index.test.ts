import { expect, test } from "vitest";
import * as sdk from "./index.ts";

test("the public names are what the README says", () => {
  expect(Object.keys(sdk).sort()).toEqual([
    "EMPTY_REF",
    "chainOf",
    "defineExporter",
    "extendChain",
    "extendRef",
    "refOf",
  ]);
});

test("the empty filesystem can't be changed", () => {
  expect(() => (sdk.EMPTY_REF.layers as unknown as string[]).push("x")).toThrow(TypeError);
});
