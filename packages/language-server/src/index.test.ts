import { expect, test } from "vitest";
import * as api from "./index.ts";

test("the public names are these", () => {
  expect(Object.keys(api)).toEqual(["serveLanguage"]);
});
