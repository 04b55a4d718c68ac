import { expect, test } from "vitest";
import { findSection, putSection } from "./section.ts";

test("a section is added once and replaced afterwards, and the rest stays", () => {
  const first = putSection("# Title\n\ntext\n", "parse", "one $&");
  expect(first).toBe("# Title\n\ntext\n\n<!-- parse -->\n\none $&\n\n<!-- end of parse -->\n");
  const second = putSection(`${first}\nmore\n`, "parse", "two");
  expect(second).toBe("# Title\n\ntext\n\n<!-- parse -->\n\ntwo\n\n<!-- end of parse -->\n\nmore\n");
  expect(findSection(second, "parse")).toBe("<!-- parse -->\n\ntwo\n\n<!-- end of parse -->");
  expect(findSection(second, "other")).toBeUndefined();
});
