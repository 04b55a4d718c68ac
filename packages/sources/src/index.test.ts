import { expect, test } from "vitest";
import * as sources from "./index.ts";

test("the public names are what the README says", () => {
  expect(Object.keys(sources).sort()).toEqual([
    "createGitSource",
    "createHttpSource",
    "createImageResolver",
    "createImageSource",
    "createLocalSource",
    "createOciLayoutSource",
  ]);
});
