import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { FakeBridge, amd64, imageConfig } from "../fake-bridge.test.support.ts";
import { dockerfile } from "../index.ts";

interface Ranges {
  readonly ranges: readonly { readonly start: { readonly line: number } }[];
}

/**
 * What BuildKit v0.30 answered; locations are lists of lines. Arguments of one line, whose order it leaves to chance, are
 * in the order of the file.
 */
const CASES = JSON.parse(
  readFileSync(new URL("testdata/buildkit-answers.json", import.meta.url), "utf8"),
) as readonly {
  readonly title: string;
  readonly options: Readonly<Record<string, string>>;
  readonly dockerfile: string;
  readonly outline: { readonly json: unknown; readonly text: string };
  readonly targets: { readonly json: unknown; readonly text: string };
}[];

async function ask(
  requestid: string,
  text: string,
  { options = {}, images = {}, platform = amd64 } = {} as {
    options?: Readonly<Record<string, string>>;
    images?: FakeBridge["images"];
    platform?: typeof amd64;
  },
) {
  const bridge = new FakeBridge({ context: {}, dockerfile: { Dockerfile: text } }, images);
  const request = { options: { ...options, requestid }, buildPlatform: amd64, platforms: [platform] };
  const result = await dockerfile.build(request, bridge, AbortSignal.timeout(10_000));
  expect(result.outputs).toEqual([]);
  const [json, txt, version] = ["result.json", "result.txt", "version"].map((key) =>
    Buffer.from(result.metadata![key]!).toString("utf8"),
  );
  return { json: json!, text: txt!, version, bridge };
}

function compact(json: string): Record<string, unknown> {
  const { sources: _, ...answer } = JSON.parse(json, (key, value: unknown) =>
    key === "location" ? (value as Ranges).ranges.map(({ start }) => start.line) : value,
  ) as Record<string, unknown>;
  return answer;
}

describe("outlines are BuildKit's", () => {
  test.each(CASES)("$title", async ({ dockerfile: text, options, outline }) => {
    const answer = await ask("frontend.outline", text, { options });
    expect(compact(answer.json)).toEqual(outline.json);
    expect(answer.text).toBe(outline.text);
    expect(answer.version).toBe("1.0.0");
    expect(answer.bridge.warnings).toEqual([]);
  });
});

describe("targets are BuildKit's", () => {
  test.each(CASES)("$title", async ({ dockerfile: text, options, targets }) => {
    const answer = await ask("frontend.targets", text, { options });
    expect(compact(answer.json)).toEqual(targets.json);
    expect(answer.text).toBe(targets.text);
  });
});

test("a valueless ARG behind one with a default changes nothing when there is a global one, as in BuildKit", async () => {
  const answer = await ask("frontend.outline", "ARG C=9\nFROM scratch\nARG C=1\nARG C\n");
  expect(compact(answer.json)).toEqual({ args: [{ name: "C", value: "1", location: [3] }] });
});

test("the bytes of the JSON are BuildKit's, the build file included", async () => {
  const answer = await ask("frontend.outline", "FROM scratch\nARG A=<&>\n");
  expect(answer.json).toBe(
    '{\n  "args": [\n    {\n      "name": "A",\n      "value": "\\u003c\\u0026\\u003e",\n      "location": {\n        "ranges": [\n' +
      '          {\n            "start": {\n              "line": 2\n            },\n            "end": {\n              "line": 2\n            }\n          }\n' +
      '        ]\n      }\n    }\n  ],\n  "sources": [\n    "RlJPTSBzY3JhdGNoCkFSRyBBPTwmPgo="\n  ]\n}',
  );
});

test("caches are listed by their id, else by their target, each once", async () => {
  const text =
    "FROM scratch\nARG P=pip\nRUN --mount=type=cache,target=/root/.cache/ --mount=type=cache,id=$P,target=/p true\n" +
    "RUN --mount=type=cache,dst=/root/.cache true\n";
  const answer = await ask("frontend.outline", text);
  expect(compact(answer.json)).toMatchObject({
    cache: [
      { ID: "/root/.cache", location: [3] },
      { ID: "pip", location: [3] },
    ],
  });
  expect(answer.text).toContain("\nCACHE MOUNT\n/root/.cache\npip\n\n");
});

test("values are those of the platform that is asked for", async () => {
  const platform = { os: "linux", architecture: "arm64" };
  const answer = await ask("frontend.outline", "FROM scratch\nARG TARGETARCH\nARG A=$TARGETARCH", {
    platform,
  });
  expect(compact(answer.json)).toMatchObject({ args: [{ name: "A", value: "arm64" }] });
});

test("variables and triggers of images count", async () => {
  const images = {
    "docker.io/library/node:24": imageConfig({ Env: ["V=7"], OnBuild: ["ARG TRIGGERED=$V"] }),
  };
  const answer = await ask("frontend.outline", "FROM node:24\nARG A=v$V", { images });
  expect(compact(answer.json)).toMatchObject({
    args: [
      { name: "TRIGGERED", value: "7", location: [1] },
      { name: "A", value: "v7", location: [2] },
    ],
  });
});

test("an image that nobody knows is a warning", async () => {
  const { json, bridge } = await ask("frontend.outline", "FROM nowhere.example/x\nARG A=1");
  expect(compact(json)).toMatchObject({ args: [{ name: "A" }] });
  expect(bridge.warnings).toMatchObject([{ severity: "warning", code: "IMAGE_UNKNOWN" }]);
  expect(bridge.warnings[0]!.message).toContain("nowhere.example/x");
});

test("a target that does not exist is an error, as for a build", async () => {
  const options = { target: "biuld" };
  await expect(ask("frontend.outline", "FROM scratch AS build", { options })).rejects.toMatchObject({
    code: "STAGE_NOT_FOUND",
    hint: "Did you mean build?",
  });
});

test("thousands of stages on one another are answered", async () => {
  const stages = Array.from({ length: 5000 }, (_, index) =>
    index === 0
      ? "FROM scratch AS s0"
      : `FROM s${index - 1} AS s${index}\nCOPY --from=s0 /a /b\nARG A${index}=1`,
  );
  const { json } = await ask("frontend.outline", stages.join("\n"));
  expect((compact(json) as { args: unknown[] }).args).toHaveLength(4999);
});
