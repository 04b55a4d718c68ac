import { describe, expect, test } from "vitest";
import { vertices, type MkfileAction } from "@slipway/ir";
import { compileText, failureOf } from "../fake-bridge.test.support.ts";

// Dockerfiles in which not all is UTF-8; a character here is a byte of the file.

const latin1 = (text: string): Uint8Array => Buffer.from(text, "latin1");

/** The contents of the files that a Dockerfile writes itself. */
async function filesOf(text: string): Promise<readonly string[]> {
  const { definition } = await compileText(latin1(`FROM alpine\n${text}`));
  return [...vertices(definition)]
    .flatMap(({ op }) => (op.kind === "file" ? op.actions : []))
    .filter((action): action is MkfileAction => action.kind === "mkfile")
    .map(({ data }) => Buffer.from(data).toString("latin1"));
}

const FFFD = "\xef\xbf\xbd";

describe("a here-document with bytes that are no UTF-8", () => {
  test.each<[string, string]>([
    ["COPY <<'E' /x\na\xff\xfe$V\nE", "a\xff\xfe$V\n"],
    ['ADD <<"E" /x\n\xe2\x82\nE', "\xe2\x82\n"],
    ["COPY <<-'E' /x\n\ta\r\tb\xff\n\t\xff\tc\n\tE", "a\r\tb\xff\n\xff\tc\n"],
    [
      "# \xff\nCOPY <<'E' /x\n\xef\xbb\xbf\xe2\x82\xac\xf0\x9f\x98\x80\xfe\nE",
      "\xef\xbb\xbf\xe2\x82\xac\xf0\x9f\x98\x80\xfe\n",
    ],
    ["COPY <<-E /x\n\ta\r\tb\n\tE", "a\r\tb\n"],
  ])("%j is byte for byte what is written, when nothing is expanded", async (text, file) => {
    expect(await filesOf(text)).toEqual([file]);
  });

  test("has U+FFFD for each of them when it is expanded, as for BuildKit", async () => {
    expect(await filesOf("ENV V=q\nCOPY <<E /x\na\xff\xe2\x82$V\nE")).toEqual([`a${FFFD}${FFFD}${FFFD}q\n`]);
  });

  test("that is a program is byte for byte what is written", async () => {
    expect(await filesOf("RUN <<E\n#!/bin/sh\nprintf 'a\xff$V'\nE")).toEqual([
      "#!/bin/sh\nprintf 'a\xff$V'\n",
    ]);
  });

  test("keeps its place behind a byte-order mark of the file", async () => {
    const { definition } = await compileText(latin1("\xef\xbb\xbfFROM scratch\nCOPY <<'E' /x\na\xff\nE"));
    const actions = [...vertices(definition)].flatMap(({ op }) => (op.kind === "file" ? op.actions : []));
    expect(Buffer.from((actions[0] as MkfileAction).data)).toEqual(Buffer.from(latin1("a\xff\n")));
  });
});

test.each<[string, string]>([
  ["\xef\xbb\xbfq", "q\n"],
  ["r\xef\xbb\xbfq\n\xef\xbb\xbfq", "r\xef\xbb\xbfq\n\xef\xbb\xbfq\n"],
  ["\xef\xbb\xbf\xef\xbb\xbf$V", "\xef\xbb\xbf1\n"],
])("%j loses the byte-order mark at its start when it is expanded", async (body, file) => {
  expect(await filesOf(`ENV V=1\nCOPY <<E /x\n${body}\nE`)).toEqual([file]);
});

describe("the command of a RUN", () => {
  test.each<[string, string]>([
    ["RUN a\xff", "2:6"],
    ["RUN a && \\\n# \xfe\n b\xff", "4:3"],
    ["RUN <<E\n# \xff\nE", "3:3"],
    ["RUN cat <<'E' | sh\na\xff\nE", "3:2"],
  ])("%j is refused with the place of the first byte that is no UTF-8", async (text, place) => {
    expect(await failureOf(latin1(`FROM alpine\n${text}`))).toContain(`${place} TEXT_INVALID `);
  });

  test("may have such bytes in its comments, and U+FFFD itself anywhere", async () => {
    await compileText(
      latin1(`FROM alpine\n# \xff\nRUN a && \\\n# \xff\n b ${FFFD}`.replace(`b ${FFFD}`, "b")),
    );
    await compileText(latin1(`FROM alpine\n# \xff\nRUN a ${FFFD}`));
  });

  test("is told only when its stage is needed", async () => {
    await compileText(latin1("FROM alpine\nRUN \xff\nFROM scratch\nENV A=\xff"));
  });
});
