import { expect, test } from "vitest";
import * as session from "./index.ts";

test("exports what the README says", () => {
  expect(Object.keys(session).sort()).toEqual([
    "MAX_SECRET_BYTES",
    "createSession",
    "parseSecret",
    "parseSsh",
  ]);
});
