import { expect, test } from "vitest";
import * as cli from "./index.ts";

test("the package exports main and nothing else", () => {
  expect(Object.keys(cli)).toEqual(["main"]);
});
