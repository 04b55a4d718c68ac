import { expect, test } from "vitest";
import {
  decode,
  encode,
  image,
  local,
  merge,
  mkfile,
  printDot,
  printJson,
  printTree,
  scratch,
  type State,
  toDefinition,
  validate,
  vertices,
} from "./index.ts";

const COUNT = 100_000;
/** Some seconds on an idle machine; this is for busy ones. */
const timeout = 180_000;

test("a chain of 100,000 steps is built, written, read, checked and printed", { timeout }, () => {
  let state: State = image("a");
  for (let i = 1; i < COUNT; i++) state = state.file(mkfile("/n", String(i)));
  const definition = toDefinition(state);
  expect(vertices(definition)).toHaveLength(COUNT);
  validate(definition);
  const bytes = encode(definition);
  const decoded = decode(bytes);
  expect(decoded.result?.vertex.digest).toBe(definition.result?.vertex.digest);
  expect(Buffer.compare(encode(decoded), bytes)).toBe(0);
  expect(printTree(definition).split("\n")).toHaveLength(COUNT + 1);
  expect(printDot(definition).length).toBeGreaterThan(COUNT);
  expect(printJson(definition).length).toBeGreaterThan(COUNT);
});

test("a graph as wide as 100,000 steps is built, written and read", { timeout }, () => {
  const states = Array.from({ length: COUNT - 1 }, (_, i) => scratch().file(mkfile("/n", String(i))));
  const definition = toDefinition(merge(states));
  expect(vertices(definition)).toHaveLength(COUNT);
  validate(definition);
  expect(decode(encode(definition)).result?.vertex.inputs).toHaveLength(COUNT - 1);
});

test("a ladder whose paths can't be counted is walked once", { timeout }, () => {
  let state: State = local("a");
  for (let i = 0; i < 10_000; i++) state = merge([state, state]);
  const definition = toDefinition(state);
  expect(vertices(definition)).toHaveLength(10_001);
  expect(printTree(definition).split("\n")).toHaveLength(20_002);
});
