import type { CompletionItem, CompletionList, MarkupContent, TextEdit } from "vscode-languageserver";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { applied, TestClient } from "../../lsp-client.test.support.ts";

let client: TestClient;
beforeAll(async () => void (client = await TestClient.start()));
afterAll(() => client.stop());

async function complete(text: string, from = client) {
  const { result, text: clean } = await from.ask<CompletionList>("textDocument/completion", text);
  const items = result.items.toSorted((a, b) => a.sortText!.localeCompare(b.sortText!));
  return {
    items,
    labels: items.map(({ label }) => label),
    /** The text after one of the items was chosen. */
    chosen: (label: string) =>
      applied(clean, [items.find((item) => item.label === label)!.textEdit as TextEdit]),
  };
}

describe("instructions", () => {
  test("before the first FROM only FROM and ARG may stand", async () => {
    expect((await complete("‸")).labels).toEqual(["ARG", "FROM"]);
    expect((await complete("# comment\n\nF‸\nFROM a\n")).labels).toEqual(["ARG", "FROM"]);
  });

  test("in a stage all of them may stand, the deprecated one marked", async () => {
    const { items, labels } = await complete("FROM a\n‸");
    expect(labels).toHaveLength(18);
    const deprecated = items.filter(({ tags }) => tags?.includes(1));
    expect(deprecated.map(({ label }) => label)).toEqual(["MAINTAINER"]);
  });

  test("ONBUILD holds neither FROM nor itself", async () => {
    const { labels } = await complete("FROM a\nONBUILD ‸");
    expect(labels).toHaveLength(15);
    expect(labels).not.toContain("ONBUILD");
  });

  test("INCLUDE is offered where it is on", async () => {
    expect((await complete("# slipway=include\nFROM a\nINC‸")).chosen("INCLUDE")).toBe(
      "# slipway=include\nFROM a\nINCLUDE ${1:path}",
    );
    expect((await complete("# slipway=‸")).labels).toEqual(["include"]);
  });

  test("they come as snippets, in the case of the file", async () => {
    expect((await complete("FROM a\nCO‸")).chosen("COPY")).toBe("FROM a\nCOPY ${1:source} ${2:destination}");
    expect((await complete("from a\nco‸")).chosen("copy")).toBe("from a\ncopy ${1:source} ${2:destination}");
  });

  test("arguments that are there stay", async () => {
    expect((await complete("FROM a\nCO‸P x y\n")).chosen("COPY")).toBe("FROM a\nCOPY x y\n");
  });

  test("clients without snippets get the keyword", async () => {
    await using plain = await TestClient.start({});
    const { items, chosen } = await complete("FROM a\nCO‸", plain);
    expect(chosen("COPY")).toBe("FROM a\nCOPY ");
    expect(new Set(items.map(({ insertTextFormat }) => insertTextFormat))).toEqual(new Set([1]));
  });
});

describe("flags", () => {
  test("are those of the instruction, without the ones that are given", async () => {
    const { labels, chosen } = await complete("FROM a\nCOPY --link --‸ a b\n");
    expect(labels).toEqual(["--from", "--chown", "--chmod", "--exclude", "--parents", "--archive"]);
    expect(chosen("--chown")).toBe("FROM a\nCOPY --link --chown= a b\n");
    expect(chosen("--parents")).toBe("FROM a\nCOPY --link --parents a b\n");
  });

  test("may be repeated when that means something", async () => {
    expect((await complete("FROM a\nRUN --mount=type=tmpfs,target=/x --‸\n")).labels).toContain("--mount");
  });

  test("take the place of what is there, the = included", async () => {
    expect((await complete("FROM a\nCOPY --fr‸mo=x a b\n")).chosen("--from")).toBe(
      "FROM a\nCOPY --from=x a b\n",
    );
  });

  test("come without dashes too, as long as there is no argument", async () => {
    expect((await complete("FROM a\nHEALTHCHECK ‸")).labels).toEqual([
      "CMD", "NONE", "--interval", "--timeout", "--start-period", "--start-interval", "--retries",
    ]); // prettier-ignore
    expect((await complete("FROM a\nCOPY a ‸")).labels).toEqual([]);
  });

  test("are known behind a continuation", async () => {
    expect((await complete("FROM a\nRUN \\\n  # why\n  --net‸ x\n")).labels).toContain("--network");
    expect((await complete("# escape=`\nFROM a\nRUN `\n  --net‸ x\n")).chosen("--network")).toBe(
      "# escape=`\nFROM a\nRUN `\n  --network= x\n",
    );
  });

  test.each([
    ["FROM --platform=‸", ["$BUILDPLATFORM", "$TARGETPLATFORM", "linux/amd64", "linux/arm64"]],
    ["FROM a\nRUN --network=‸", ["default", "none", "host"]],
    ["FROM a\nRUN --security=‸", ["sandbox", "insecure"]],
    ["FROM a\nADD --unpack=‸ x y", ["true", "false"]],
    ["FROM a\nCOPY --link=‸ x y", ["true", "false"]],
  ])("values of %s", async (text, expected) => {
    expect((await complete(text)).labels.slice(0, expected.length)).toEqual(expected);
  });

  test("instructions without flags have none", async () => {
    expect((await complete("FROM a\nWORKDIR --‸")).labels).toEqual([]);
  });
});

describe("stages", () => {
  const FILE = "FROM golang AS build\nRUN x\nFROM build AS test\nFROM alpine\nRUN y\n";

  test("FROM builds on those above", async () => {
    const { labels, chosen } = await complete(`${FILE}FROM ‸\nFROM x AS later\n`);
    expect(labels).toEqual(["test", "build", "scratch", "--platform"]);
    expect(chosen("test")).toBe(`${FILE}FROM test\nFROM x AS later\n`);
  });

  test("--from knows numbers of those without a name", async () => {
    expect((await complete(`${FILE}FROM b\nCOPY --from=‸ x y\n`)).labels).toEqual(["2", "test", "build"]);
    expect((await complete(`${FILE}FROM b\nRUN --mount=from=t‸ x\n`)).chosen("test")).toBe(
      `${FILE}FROM b\nRUN --mount=from=test x\n`,
    );
  });

  test("a stage is not in its own list", async () => {
    expect((await complete("FROM a AS b\nCOPY --from=‸ x y\n")).labels).toEqual([]);
  });

  test("AS comes behind the image", async () => {
    expect((await complete("FROM alpine ‸")).labels).toEqual(["AS"]);
  });
});

describe("mounts", () => {
  test("keys are those of the type that are not given", async () => {
    expect((await complete("FROM a\nRUN --mount=‸")).labels).toEqual([
      "type", "target", "source", "from", "readonly", "readwrite",
    ]); // prettier-ignore
    expect((await complete("FROM a\nRUN --mount=type=cache,target=/x,‸")).labels).toEqual([
      "source", "from", "readonly", "readwrite", "id", "sharing", "mode", "uid", "gid",
    ]); // prettier-ignore
    expect((await complete("FROM a\nRUN --mount=ro,‸,type=secret x")).labels).toEqual([
      "target", "id", "required", "env", "mode", "uid", "gid",
    ]); // prettier-ignore
  });

  test("are written with a = where they need a value", async () => {
    const { chosen } = await complete("FROM a\nRUN --mount=type=cache,t‸ x\n");
    expect(chosen("target")).toBe("FROM a\nRUN --mount=type=cache,target= x\n");
    expect(chosen("readonly")).toBe("FROM a\nRUN --mount=type=cache,readonly x\n");
  });

  test("values are those of the key", async () => {
    expect((await complete("FROM a\nRUN --mount=type=‸,target=/x y")).labels).toEqual([
      "bind", "cache", "tmpfs", "secret", "ssh",
    ]); // prettier-ignore
    const { labels, chosen } = await complete("FROM a\nRUN --mount=type=cache,sharing=sh‸,target=/x y");
    expect(labels).toEqual(["shared", "private", "locked"]);
    expect(chosen("locked")).toBe("FROM a\nRUN --mount=type=cache,sharing=locked,target=/x y");
    expect((await complete("FROM a\nRUN --mount=type=cache,target=‸")).labels).toEqual([]);
  });
});

describe("variables", () => {
  test("FROM sees the arguments above it and the platform's", async () => {
    const { labels, chosen } = await complete("ARG A=1\nARG B\nFROM x:$‸\nARG C\n");
    expect(labels.slice(0, 2)).toEqual(["B", "A"]);
    expect(labels).toContain("TARGETARCH");
    expect(labels).not.toContain("C");
    expect(chosen("A")).toBe("ARG A=1\nARG B\nFROM x:$A\nARG C\n");
  });

  test("a stage sees what it declares before, and what the stages below it do", async () => {
    const text =
      "ARG G\nFROM x AS base\nENV E=1\nFROM y\nARG OTHER\nFROM base\nARG A=2\nWORKDIR /${‸\nARG LATER\n";
    const { labels, chosen } = await complete(text);
    expect(labels).toEqual(["A", "E"]);
    expect(chosen("A")).toContain("WORKDIR /${A}\n");
  });

  test("an open brace is closed once", async () => {
    expect((await complete("FROM x\nENV AB=1\nRUN echo ${A‸}\n")).chosen("AB")).toContain("echo ${AB}\n");
  });

  test("RUN also sees proxies, and CMD no arguments", async () => {
    expect((await complete("FROM x\nARG A\nENV E=1\nRUN curl $‸")).labels).toContain("HTTPS_PROXY");
    expect((await complete("FROM x\nARG A\nENV E=1\nCMD echo $‸")).labels).toEqual(["E"]);
  });

  test("here-documents expand them when their name is not quoted", async () => {
    expect((await complete("FROM x\nENV E=1\nCOPY <<EOF /f\na $‸\nEOF\n")).labels).toEqual(["E"]);
    expect((await complete("FROM x\nENV E=1\nCOPY <<'EOF' /f\na $‸\nEOF\n")).labels).toEqual([]);
  });

  test("an escaped $ is none", async () => {
    expect((await complete("FROM x\nENV E=1\nWORKDIR /\\$‸")).labels).toEqual([]);
    expect((await complete("# escape=`\nFROM x\nENV E=1\nWORKDIR C:\\$‸")).labels).toEqual(["E"]);
  });

  test("ARG of a stage offers what it can take over", async () => {
    const { labels } = await complete("ARG VERSION=1\nFROM x\nARG ‸");
    expect(labels.slice(0, 2)).toEqual(["VERSION", "TARGETPLATFORM"]);
    expect((await complete("ARG ‸\nFROM x\n")).labels).toEqual([]);
  });
});

describe("directives", () => {
  test("stand at the top, each once", async () => {
    expect((await complete("#‸")).labels).toEqual(["syntax", "escape", "check", "slipway"]);
    expect((await complete("# syntax=docker/dockerfile:1\n# ‸\nFROM a\n")).labels).toEqual([
      "escape",
      "check",
      "slipway",
    ]);
    expect((await complete("# syntax=docker/dockerfile:1\n# es‸\nFROM a\n")).chosen("escape")).toBe(
      "# syntax=docker/dockerfile:1\n# escape=\nFROM a\n",
    );
    expect((await complete("FROM a\n# ‸")).labels).toEqual([]);
    expect((await complete("# a comment\n# ‸")).labels).toEqual([]);
  });

  test("have values, check the names of the rules", async () => {
    expect((await complete("# syntax=‸")).labels[0]).toBe("docker/dockerfile:1");
    expect((await complete("# escape=‸")).labels).toEqual(["\\", "`"]);
    expect((await complete("# check=‸")).labels).toEqual(["skip=", "error=true", "experimental="]);
    const { labels, chosen } = await complete("# check=skip=FromAsCasing,JSON‸;error=true\nFROM a\n");
    expect(labels).toContain("StageNameCasing");
    expect(labels).not.toContain("FromAsCasing");
    expect(chosen("JSONArgsRecommended")).toBe(
      "# check=skip=FromAsCasing,JSONArgsRecommended;error=true\nFROM a\n",
    );
  });

  test("check comments of instructions have them too", async () => {
    expect((await complete("FROM a\n# check=skip=‸\nRUN x\n")).labels).toContain("JSONArgsRecommended");
  });
});

test.each([
  ["commands", "FROM a\nRUN ec‸"],
  ["comments", "FROM a\nRUN x \\\n # com‸\n y\n"],
  ["JSON", 'FROM a\nCMD ["‸"]\n'],
  ["what follows a finished value", "FROM a\nEXPOSE 80‸\n"],
])("nothing is offered in %s", async (_what, text) => {
  expect((await complete(text)).labels).toEqual([]);
});

test("signals are offered where one is needed", async () => {
  expect((await complete("FROM a\nSTOPSIGNAL ‸")).labels[0]).toBe("SIGTERM");
});

describe("documentation comes when an item is resolved", () => {
  async function resolved(text: string, label: string): Promise<string> {
    const { items } = await complete(text);
    const item = items.find((each) => each.label === label)!;
    expect(item.documentation).toBeUndefined();
    const full = await client.request<CompletionItem>("completionItem/resolve", item);
    return (full.documentation as MarkupContent).value;
  }

  test.each([
    ["FROM a\n‸", "COPY", "COPY [flags] <source>… <destination>"],
    ["FROM a\nCOPY --‸ a b", "--from", "COPY --from=<stage|image|context>"],
    ["FROM a\nRUN --mount=‸", "target", "RUN --mount=…,target=<path>"],
    ["FROM a\nRUN --mount=type=‸", "ssh", "The SSH agent of the one who builds"],
    ["#‸", "escape", "# escape="],
    ["FROM x AS build\nFROM ‸", "build", "Stage 0, with 0 instructions."],
    ["ARG A=7\nFROM x:$‸", "A", "declared in line 1"],
    ["FROM x:$‸", "TARGETARCH", "ARG TARGETARCH"],
  ])("%j %s", async (text, label, expected) => {
    expect(await resolved(text, label)).toContain(expected);
  });

  test("items of others come back as they are", async () => {
    for (const data of [undefined, null, 5, {}, { of: "flag" }, { of: "stage", uri: "x", index: 3 }]) {
      const item = { label: "x", ...(data === undefined ? {} : { data }) };
      expect(await client.request("completionItem/resolve", item)).toEqual(item);
    }
  });
});
