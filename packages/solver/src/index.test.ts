import { expect, test } from "vitest";
import * as solver from "./index.ts";

test("the public names are what the README says", () => {
  expect(Object.keys(solver).sort()).toEqual(["createSolver", "opDigest"]);
});
