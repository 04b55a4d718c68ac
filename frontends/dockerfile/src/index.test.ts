import { expect, test } from "vitest";
import * as api from "./index.ts";

test("the public names are these", () => {
  expect(Object.keys(api).sort()).toEqual([
    "ExpansionError",
    "SourceText",
    "dockerfile",
    "expandText",
    "parseDockerfile",
  ]);
});

test("the frontend has BuildKit's name and takes the usual file names", () => {
  expect(api.dockerfile).toMatchObject({
    name: "dockerfile.v0",
    fileNames: ["Dockerfile", "Containerfile"],
    syntaxImages: ["docker/dockerfile", "docker/dockerfile-upstream"],
  });
});

test("parseDockerfile gives the tree of any file, instructions that do not exist included", async () => {
  const tree = await api.parseDockerfile("FROM a\nNOPE x", "x.Dockerfile");
  expect(tree.instructions.map(({ name }) => name)).toEqual(["from", "nope"]);
  expect(tree.source.file).toBe("x.Dockerfile");
  await expect(api.parseDockerfile("RUN <<E")).rejects.toMatchObject({ code: "HEREDOC_UNTERMINATED" });
});
