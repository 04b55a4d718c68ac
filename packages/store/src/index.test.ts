import { expect, test } from "vitest";
import * as publicNames from "./index.ts";

test("the public names are these", () => {
  expect(Object.keys(publicNames).sort()).toMatchInlineSnapshot(`
    [
      "OVERLAY_OPTIONS",
      "baseNameOf",
      "bytesOfText",
      "comparePaths",
      "defaultStoreRoot",
      "fsPath",
      "joinBytes",
      "openStore",
      "parentOf",
      "planFileOp",
      "scanFolder",
      "selectCopySources",
      "selectionDigest",
      "textOfBytes",
    ]
  `);
});
