import fc from "fast-check";
import { expect, test } from "vitest";
import { arbitraryDefinition } from "../arbitrary-definition.test.helper.ts";
import {
  copy,
  image,
  local,
  merge,
  opName,
  printDot,
  printJson,
  printTree,
  scratch,
  toDefinition,
  vertexName,
} from "../index.ts";

const platform = { os: "linux", architecture: "amd64" };
const base = image("alpine").run("apk add curl");
const definition = toDefinition(
  merge([base.root.run("make", { name: "[2/3] make" }), base.root.file(copy(local("context"), "/a", "/b"))]),
  { platform },
);

test("the tree shows a shared vertex once and refers to it", () => {
  expect(printTree(definition).replace(/[0-9a-f]{12}/g, "…")).toBe(
    `#1 merge (merge, …)
  layer 0: #2 [2/3] make (exec, …, linux/amd64)
    root: #3 /bin/sh -c apk add curl (exec, …, linux/amd64)
      root: #4 docker-image://docker.io/library/alpine:latest (source, …, linux/amd64)
  layer 1: #5 copy /a /b (file, …)
    base: → #3 /bin/sh -c apk add curl
    copy from: #6 local://context (source, …)
`,
  );
});

test("the tree of nothing says so", () => {
  expect(printTree(toDefinition(scratch()))).toBe("(empty filesystem)\n");
});

test("a hostile name does not reach the terminal", () => {
  const text = printTree(toDefinition(image("a").run("x", { name: "a\x1b[2Jb\nc\u202ed" })));
  expect(text).toContain("#1 a [2Jb c d (exec");
});

test("JSON holds every vertex with its op", () => {
  const value = JSON.parse(printJson(definition)) as {
    vertices: { name: string; op: { kind: string } }[];
    result: object;
  };
  expect(value.vertices.map(({ op }) => op.kind).sort()).toEqual([
    "exec",
    "exec",
    "file",
    "merge",
    "source",
    "source",
  ]);
  expect(value.result).toEqual({ digest: definition.result?.vertex.digest, index: 0 });
});

test("DOT has a node for each vertex and an arrow for each input", () => {
  const text = printDot(definition);
  expect(text.match(/ shape=/g)).toHaveLength(6);
  expect(text.match(/ -> /g)).toHaveLength(7);
  expect(text).toContain('[label="[2/3] make\\nlinux/amd64" shape=box]');
});

test("printers never throw, and name every vertex", () => {
  fc.assert(
    fc.property(arbitraryDefinition, (any) => {
      expect(printTree(any)).toMatch(/\n$/);
      expect(printDot(any)).toMatch(/^digraph /);
      JSON.parse(printJson(any));
    }),
  );
});

test("a vertex is called by its custom name, else by its op", () => {
  expect(vertexName(definition.result!.vertex.inputs[0]!.vertex)).toBe("[2/3] make");
  expect(opName(definition.result!.vertex.inputs[0]!.vertex.op)).toBe("/bin/sh -c make");
});
