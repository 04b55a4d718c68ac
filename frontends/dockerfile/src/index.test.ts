import { readFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import * as api from "./index.ts";

test("the public names are these", () => {
  expect(Object.keys(api).sort()).toEqual([
    "ExpansionError",
    "SourceText",
    "dockerfile",
    "expandText",
    "gitSource",
    "isGitReference",
    "isHttpReference",
    "parseDockerfile",
    "parseGitReference",
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

test("importing the package loads no parser and no compiler", () => {
  const loaded = new Set([path.join(import.meta.dirname, "index.ts")]);
  // A set hands out what is added while it is walked.
  for (const file of loaded) {
    if (!path.isAbsolute(file)) continue;
    for (const [, name] of readFileSync(file, "utf8").matchAll(
      /^(?:import|export) (?!type)[^"]*?from "([^"]+)"/gm,
    )) {
      loaded.add(name!.startsWith(".") ? path.join(path.dirname(file), name!) : name!);
    }
  }
  expect([...loaded].map((name) => path.relative(import.meta.dirname, name)).length).toBeGreaterThan(3);
  expect([...loaded].filter((name) => /chevrotain|build\.ts$|parser\.ts$|slipway\/ir/.test(name))).toEqual(
    [],
  );
});
