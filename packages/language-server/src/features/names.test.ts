import type { DocumentHighlight, Location, Range, WorkspaceEdit } from "vscode-languageserver";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { applied, editsOf, marked, TestClient, textIn } from "../lsp-client.test.support.ts";

let client: TestClient;
beforeAll(async () => void (client = await TestClient.start()));
afterAll(() => client.stop());

/** Line, counted from 1, and text of the definition. */
async function definition(text: string): Promise<[number, string] | null> {
  const { result, text: clean } = await client.ask<Location | null>("textDocument/definition", text);
  return result && [result.range.start.line + 1, textIn(clean, result.range)];
}

describe("go to definition", () => {
  const STAGES = "FROM golang AS build\nFROM build AS test\nFROM scratch\n";

  test.each<[string, string, [number, string]]>([
    ["FROM", "FROM golang AS build\nFROM bu‸ild\n", [1, "build"]],
    ["FROM in another case", "FROM golang AS Build\nFROM ‸BUILD\n", [1, "Build"]],
    ["COPY --from", `${STAGES}COPY --from=te‸st a b\n`, [2, "test"]],
    ["COPY --from with quotes", `${STAGES}COPY --from="te‸st" a b\n`, [2, "test"]],
    ["COPY --from with a number", `${STAGES}COPY --from=1‸ a b\n`, [2, "test"]],
    ["the number of a stage without a name", `${STAGES}FROM a\nCOPY --from=‸2 a b\n`, [3, "FROM"]],
    ["a mount", `${STAGES}RUN --mount=type=bind,from=bui‸ld,target=/b x\n`, [1, "build"]],
    ["ONBUILD COPY --from", `${STAGES}ONBUILD COPY --from=te‸st a b\n`, [2, "test"]],
    ["the name itself", "FROM golang AS bu‸ild\n", [1, "build"]],
    ["the later of two stages of one name", "FROM a AS x\nFROM b AS x\nFROM ‸x\n", [2, "x"]],
  ])("of a stage: %s", async (_what, text, expected) => {
    expect(await definition(text)).toEqual(expected);
  });

  test.each<[string, string, [number, string]]>([
    ["FROM", "ARG V=1\nFROM node:$‸V\n", [1, "V"]],
    ["a platform", "ARG P\nFROM --platform=$P‸ a\n", [1, "P"]],
    ["a stage's ARG", "ARG V=1\nFROM a\nARG V\nRUN echo ${‸V}\n", [3, "V"]],
    ["a stage's ARG without a default, on itself", "ARG V=1\nFROM a\nARG ‸V\n", [1, "V"]],
    ["ENV", "FROM a\nENV X=1 Y=2\nWORKDIR /$‸Y\n", [2, "Y"]],
    ["ENV before ARG", "FROM a\nENV X=1\nARG X=2\nRUN echo $‸X\n", [2, "X"]],
    ["the latest ENV", "FROM a\nENV X=1\nENV X=2\nUSER $‸X\nENV X=3\n", [3, "X"]],
    ["the stage below", "FROM a AS b\nENV X=1\nARG A=2\nFROM b\nLABEL l=$X$‸A\n", [3, "A"]],
    ["a default within a substitution", "FROM a\nARG A\nARG B=1\nUSER ${A:-$‸B}\n", [3, "B"]],
    ["an argument of the same ARG", "FROM a\nARG A=1 B=$‸A\n", [2, "A"]],
    ["ENV sees what was before it", "FROM a\nENV A=1\nENV A=2 B=$‸A\n", [2, "A"]],
    ["a here-document", "FROM a\nENV A=1\nCOPY <<E /f\nx ${‸A}\nE\n", [2, "A"]],
    ["a script", "FROM a\nARG A=1\nRUN <<E\necho '$‸A'\nE\n", [2, "A"]],
    ["a continued line", "FROM a\nARG A=1\nRUN x \\\n # $A\n $‸A\n", [2, "A"]],
    ["the old form of ENV", "FROM a\nENV A b c\nUSER $‸A\n", [2, "A"]],
  ])("of a variable: %s", async (_what, text, expected) => {
    expect(await definition(text)).toEqual(expected);
  });

  test.each([
    ["an image", "FROM alp‸ine\n"],
    ["a stage that comes later by number", "FROM a\nCOPY --from=7‸ a b\n"],
    ["an argument of another stage", "FROM a\nARG A\nFROM b\nRUN echo $‸A\n"],
    ["an argument of the file in a stage", "ARG A=1\nFROM b\nUSER $‸A\n"],
    ["a declaration below", "FROM b\nUSER $‸A\nARG A=1\n"],
    ["single quotes", "FROM b\nENV A=1\nLABEL x='$‸A'\n"],
    ["an escaped $", "FROM b\nENV A=1\nLABEL x=\\$‸A\n"],
    ["a comment", "FROM b\nENV A=1\n# $‸A\n"],
    ["an argument where the container runs", "FROM b\nARG A=1\nCMD echo $‸A\n"],
    ["a quoted here-document", "FROM a\nENV A=1\nCOPY <<'E' /f\n$‸A\nE\n"],
  ])("there is none of %s", async (_what, text) => {
    expect(await definition(text)).toBeNull();
  });
});

describe("references", () => {
  async function references(text: string, includeDeclaration: boolean): Promise<string[] | null> {
    const { result } = await client.ask<Location[] | null>("textDocument/references", text, {
      context: { includeDeclaration },
    });
    return result && result.map(({ range: { start } }) => `${start.line + 1}:${start.character + 1}`);
  }
  const FILE = "FROM a AS b‸\nFROM b\nCOPY --from=B x y\nCOPY --from=0 x y\nRUN --mount=from=b,target=/x z\n";

  test("of a stage are all places that mean it, numbers included", async () => {
    expect(await references(FILE, true)).toEqual(["1:11", "2:6", "3:13", "4:13", "5:18"]);
    expect(await references(FILE, false)).toEqual(["2:6", "3:13", "4:13", "5:18"]);
  });

  test("of an argument are those in every stage that declares it", async () => {
    const text = "ARG V=1\nFROM a:$V\nARG V‸\nRUN $V\nFROM b\nRUN $V\nFROM c\nARG V=2\nUSER $V\n";
    expect(await references(text, true)).toEqual(["1:5", "2:9", "3:5", "4:6", "8:5", "9:7"]);
  });

  test("there are none of words", async () => {
    expect(await references("FROM a\nRUN ec‸ho x\n", true)).toBeNull();
  });

  test("highlights tell declarations from uses", async () => {
    const { result, text } = await client.ask<DocumentHighlight[]>(
      "textDocument/documentHighlight",
      "FROM a\nENV X=1\nUSER $‸X\n",
    );
    expect(result.map(({ range, kind }) => [textIn(text, range), range.start.line, kind])).toEqual([
      ["X", 1, 3],
      ["X", 2, 2],
    ]);
  });
});

describe("rename", () => {
  async function renamed(text: string, newName: string): Promise<string> {
    const { text: clean, positions } = marked(text);
    const uri = await client.open(clean);
    const textDocument = { uri };
    const edit = await client.request<WorkspaceEdit>("textDocument/rename", {
      textDocument,
      position: positions[0],
      newName,
    });
    expect(edit.documentChanges).toEqual([{ textDocument: { uri, version: 1 }, edits: expect.any(Array) }]);
    return applied(clean, editsOf(edit));
  }

  test("a stage is renamed wherever it is named, and numbers stay", async () => {
    expect(
      await renamed(
        'FROM a AS old\nFROM OLD AS x\nCOPY --from=ol‸d a b\nCOPY --from="old" a b\nCOPY --from=0 a b\nRUN --mount=type=bind,from=old,target=/old cat /old\nONBUILD COPY --from=old a b\n',
        "new",
      ),
    ).toBe(
      'FROM a AS new\nFROM new AS x\nCOPY --from=new a b\nCOPY --from="new" a b\nCOPY --from=0 a b\nRUN --mount=type=bind,from=new,target=/old cat /old\nONBUILD COPY --from=new a b\n',
    );
  });

  test("an argument is renamed before FROM, in all stages, and where it is used", async () => {
    expect(
      await renamed(
        "ARG V‸=1\nFROM a:${V} AS b\nARG V\nENV W=$V\nRUN echo ${V:-x} $V\nFROM b\nRUN echo $V\nFROM c\nRUN V=3; echo $V\n",
        "VERSION",
      ),
    ).toBe(
      "ARG VERSION=1\nFROM a:${VERSION} AS b\nARG VERSION\nENV W=$VERSION\nRUN echo ${VERSION:-x} $VERSION\nFROM b\nRUN echo $VERSION\nFROM c\nRUN V=3; echo $V\n",
    );
  });

  test("ENV of an argument's name keeps its own", async () => {
    expect(await renamed("FROM a\nARG V‸\nENV V=$V\nRUN echo $V\n", "W")).toBe(
      "FROM a\nARG W\nENV V=$W\nRUN echo $V\n",
    );
    expect(await renamed("FROM a\nARG V\nENV V=$V\nRUN echo $V‸\n", "W")).toBe(
      "FROM a\nARG V\nENV W=$V\nRUN echo $W\n",
    );
  });

  test("prepareRename names the range and what is there", async () => {
    const { result } = await client.ask("textDocument/prepareRename", "FROM a AS bu‸ild\n");
    expect(result).toEqual({
      range: { start: { line: 0, character: 10 }, end: { line: 0, character: 15 } },
      placeholder: "build",
    });
  });

  test.each([
    ["an image", "FROM alp‸ine\n"],
    ["the number of a stage", "FROM a AS b\nFROM c\nCOPY --from=0‸ a b\n"],
    ["a predefined argument", "FROM --platform=$BUILD‸PLATFORM a\n"],
    ["a keyword", "FR‸OM a\n"],
  ])("%s cannot be renamed", async (_what, text) => {
    const { result } = await client.ask<Range | null>("textDocument/prepareRename", text);
    expect(result).toBeNull();
    await expect(renamed(text, "x")).rejects.toThrow(
      "There is no stage, argument or variable of this file here.",
    );
  });

  test.each([
    ["FROM a AS b‸\n", "1b", '"1b" cannot be the name of a stage'],
    ["FROM a AS b‸\n", "b c", '"b c" cannot be the name of a stage'],
    ["FROM a AS b‸\n", "scratch", '"scratch" is reserved'],
    ["FROM a AS b‸\nFROM c AS D\n", "d", 'There is a stage "d" already'],
    ["FROM a AS b‸\nFROM alpine\n", "alpine", '"alpine" is used as an image'],
    ["FROM a\nARG A‸\n", "A-B", '"A-B" cannot be the name of a variable'],
    ["FROM a\nARG A‸\nENV B=1\n", "B", "B is declared in this file already"],
    ["FROM a\nARG A‸\n", "TARGETARCH", "TARGETARCH is an argument that exists"],
  ])("%j cannot become %j", async (text, newName, message) => {
    await expect(renamed(text, newName)).rejects.toThrow(message);
  });

  test("clients without versioned edits get plain ones", async () => {
    await using plain = await TestClient.start({});
    const { result, text, uri } = await plain.ask<WorkspaceEdit>("textDocument/rename", "FROM a AS b‸\n", {
      newName: "c",
    });
    expect(Object.keys(result.changes!)).toEqual([uri]);
    expect(applied(text, editsOf(result))).toBe("FROM a AS c\n");
  });
});
