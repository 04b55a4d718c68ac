import { describe, expect, test } from "vitest";
import { compileText, failureOf, type CompileInput } from "../../fake-bridge.test.support.ts";

const E = "build-arg:SOURCE_DATE_EPOCH";
const USES = "FROM scratch\nARG SOURCE_DATE_EPOCH\nENV X=$SOURCE_DATE_EPOCH";
const GIT = "https://h/a.git";

/** The time of the history, and what the argument expands to. */
async function epochOf(text: string, input: CompileInput): Promise<readonly (string | undefined)[]> {
  const { config } = await compileText(text, input);
  return [config!.history!.at(-1)!.created, config!.config!.Env!.find((entry) => entry.startsWith("X="))];
}

const COMMIT = ["2023-11-14T22:13:20Z", "X=1700000000"];
const DOWNLOAD = ["2020-09-13T12:26:40Z", "X=1600000000"];

describe("SOURCE_DATE_EPOCH is", () => {
  test.each<[string, string, Record<string, string>, readonly (string | undefined)[]]>([
    ["a number", USES, { [E]: "100" }, ["1970-01-01T00:01:40Z", "X=100"]],
    ["a number before 1970", USES, { [E]: "-5" }, ["1969-12-31T23:59:55Z", "X=-5"]],
    ["nothing", USES, { [E]: "" }, [undefined, "X="]],
    ["a default of the file", `ARG SOURCE_DATE_EPOCH=55\n${USES}`, {}, ["1970-01-01T00:00:55Z", "X=55"]],
    ["the context's, which has none from the client", USES, { [E]: "context" }, [undefined, "X="]],
    ["the context's commit", USES, { [E]: "context", context: GIT }, COMMIT],
    ["the context's download", USES, { [E]: "context", context: "https://h/x" }, DOWNLOAD],
    ["a named context's commit", USES, { [E]: "src", "context:src": `${GIT}?mtime=checkout` }, COMMIT],
    ["a named context's download", USES, { [E]: "src", "context:src": "https://h/x" }, DOWNLOAD],
    ["a named context's, which has none from the client", USES, { [E]: "src", "context:src": "local:x" }, [undefined, "X="]],
    ["a stage's commit", `FROM scratch AS e\nARG V=1\nADD ${GIT}#v$V /\n${USES}`, { [E]: "E" }, COMMIT],
    ["a stage's download", `FROM scratch AS e\nADD https://h/x /\n${USES}`, { [E]: "e" }, DOWNLOAD],
    ["a default that names a stage", `ARG SOURCE_DATE_EPOCH=e\nFROM scratch AS e\nADD ${GIT} /\n${USES}`, {}, COMMIT],
  ])("%s", async (_what, text, options, expected) => {
    const files = { "git://h/a.git": { Dockerfile: text }, "https://h/x": { context: text } };
    expect(await epochOf(text, { options, files })).toEqual(expected);
  }); // prettier-ignore

  const HINT = "Such a stage is FROM scratch and one ADD of a URL or a git repository; it may have ARG.";
  test.each([
    ["FROM scratch AS e\nENV A=1\nADD https://h/x /", "2:1-7", "it has ENV"],
    ["FROM scratch AS e\nCOPY a /", "2:1-8", "it has COPY"],
    ["FROM alpine AS e\nADD https://h/x /", "1:1-16", "it does not begin FROM scratch"],
    ["FROM scratch AS e\nADD a /", "1:1-17", "it does not hold exactly one ADD of a URL or a git repository"],
    ["FROM scratch AS e\nADD https://h/x https://h/y /", "1:1-17", "it does not hold exactly one ADD of a URL or a git repository"],
  ])("not a stage such as %j", async (text, place, why) => {
    expect(await failureOf(`${text}\n${USES}`, { options: { [E]: "e" } })).toBe(
      `${place} STAGE_NOT_SOURCE SOURCE_DATE_EPOCH cannot be the stage e: ${why} | ${HINT}`,
    );
  }); // prettier-ignore
});
