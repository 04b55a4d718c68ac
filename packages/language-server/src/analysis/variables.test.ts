import { expect, test } from "vitest";
import { Analysis } from "./analysis.ts";
import { createLanguageTools } from "./language-tools.ts";

const tools = createLanguageTools();
const analyse = (text: string): Analysis => new Analysis(text, { file: "Dockerfile", tools });

/** `name@line -> ARG line`, lines counted from 1, for every use. */
function uses(text: string): readonly string[] {
  const { variables, tree } = analyse(text);
  const line = (offset: number): number => tree.source.position(offset).line;
  return variables.references.map(({ name, nameSpan, declaration }) => {
    const target = declaration && `${declaration.kind.toUpperCase()} ${line(declaration.nameSpan.start)}`;
    return `${name}@${line(nameSpan.start)} -> ${target ?? "?"}`;
  });
}

test("arguments of one ARG see those before them, variables of one ENV do not", () => {
  expect(uses("FROM a\nARG A=1\nARG A=$A B=$A\nENV A=$B B=$A\n")).toEqual([
    "A@3 -> ARG 2",
    "A@3 -> ARG 3",
    "B@4 -> ARG 3",
    "A@4 -> ARG 3",
  ]);
});

test("ENV hides ARG, whichever comes first, and in the stages that build on it", () => {
  expect(uses("FROM a AS b\nARG A=1\nENV A=2\nARG A=3\nUSER $A\nFROM b\nARG A\nUSER $A\n")).toEqual([
    "A@5 -> ENV 3",
    "A@8 -> ENV 3",
  ]);
});

test("what ONBUILD declares is for what ONBUILD holds", () => {
  expect(uses("FROM a\nENV E=1\nARG A=1\nONBUILD ARG B=1\nONBUILD RUN $A $B $E\nRUN $A $B\n")).toEqual([
    "A@5 -> ?",
    "B@5 -> ARG 4",
    "E@5 -> ENV 2",
    "A@6 -> ARG 3",
    "B@6 -> ?",
  ]);
});

test("the shell's own forms are uses, its process id is none", () => {
  expect(uses("FROM a\nARG A=1\nRUN echo $$A ${#A} \"'$A'\" \\$A ${A%x} $1 $@ ${!A}\n")).toEqual([
    "A@3 -> ARG 2",
    "A@3 -> ARG 2",
    "A@3 -> ARG 2",
  ]);
});

test("names that objects have by nature are ordinary ones", () => {
  expect(
    uses("FROM a AS constructor\nARG __proto__=1\nUSER $__proto__$toString\nFROM constructor\n"),
  ).toEqual(["__proto__@3 -> ARG 2", "toString@3 -> ?"]);
});

test("time grows with the text, not with its square", { timeout: 60_000 }, () => {
  const names = Array.from({ length: 20_000 }, (_, index) => `A${index}=$A${index - 1}`);
  const { variables } = analyse(`FROM a\nARG ${names.join(" ")}\n`);
  const startedMs = performance.now();
  expect(variables.references.filter(({ declaration }) => declaration !== undefined)).toHaveLength(19_999);
  const stages = Array.from(
    { length: 10_000 },
    (_, index) => `FROM s${index} AS s${index + 1}\nENV X=$X$Y\n`,
  );
  const chain = analyse(`FROM a AS s0\n${stages.join("")}`);
  expect(chain.variables.family(chain.variables.declarations.at(-1)!)).toHaveLength(10_000);
  expect(performance.now() - startedMs).toBeLessThan(20_000);
});
