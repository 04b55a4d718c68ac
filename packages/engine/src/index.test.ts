import { expect, test } from "vitest";
import * as engine from "./index.ts";

test("the public names are what the README says", () => {
  expect(Object.keys(engine).sort()).toEqual(["createEngine"]);
});
