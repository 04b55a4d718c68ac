import fs from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { sha256 } from "@slipway/oci";
import type { FrontendMemory } from "@slipway/frontend-sdk";
import type { Problem } from "../problems.ts";
import { createDockerfileParser } from "./parser.ts";
import { createRememberingParser, TREE_VERSION } from "./remembering-parser.ts";

const SAMPLE = `# syntax=docker/dockerfile:1
# escape=\\
# a comment
FROM --platform=$BUILDPLATFORM busybox:1 AS base
ENV A=1 B="two words" C=$A
ENV old form of it
RUN --mount=type=cache,target=/c echo one && \\
  # in between
  echo two
RUN ["a", "b"]
COPY --chown=1:2 x y /z/
HEALTHCHECK --interval=3s CMD ["t"]
ONBUILD RUN echo later
RUN <<EOF cat
body
EOF
`;

function memory(): FrontendMemory & { readonly kept: Map<string, Uint8Array> } {
  const kept = new Map<string, Uint8Array>();
  return {
    kept,
    get: (key) => Promise.resolve(kept.get(key)),
    put(key, value) {
      kept.set(key, value);
      return Promise.resolve();
    },
  };
}

describe("a remembering parser", () => {
  const corpus = path.join(import.meta.dirname, "../../testdata/dockerfile-parser");
  const files = fs.readdirSync(corpus).map((name) => path.join(corpus, name, "Dockerfile"));

  test.each([
    ["the sample", SAMPLE],
    ...files.map((file) => [path.basename(path.dirname(file)), fs.readFileSync(file, "utf8")]),
  ])("remembers the very tree that was parsed: %s", async (_, text) => {
    const shared = memory();
    const problems: Problem[] = [];
    const parsed = createDockerfileParser().parse(text, { file: "D", problems });
    await createRememberingParser(shared).parse(text, { file: "D", problems: [] });
    const remembered = await createRememberingParser(shared).parse(text, { file: "D", problems: [] });
    expect(shared.kept.size).toBe(problems.length === 0 ? 1 : 0);
    expect(remembered).toEqual(parsed);
    expect(remembered.source.position(text.length)).toEqual(parsed.source.position(text.length));
  });

  test("tells the mistakes of a text each time", async () => {
    const shared = memory();
    for (let round = 0; round < 2; round++) {
      const problems: Problem[] = [];
      await createRememberingParser(shared).parse("# escape=x\nFROM a", { file: "D", problems });
      expect(problems).toHaveLength(1);
    }
  });

  test("whoever changes the tree bumps TREE_VERSION: this is what version 1 makes of the sample", async () => {
    const shared = memory();
    await createRememberingParser(shared).parse(SAMPLE, { file: "D", problems: [] });
    const [bytes] = shared.kept.values();
    expect({ version: TREE_VERSION, tree: sha256(bytes ?? "") }).toMatchInlineSnapshot(`
      {
        "tree": "sha256:62b76519e0343dbefcaea39772cc918c40cc79fab3b92a2d89d0f15416d372e0",
        "version": 2,
      }
    `);
  });
});
