import type { FrontendMemory } from "@slipway/frontend-sdk";
import { sha256, WorldError } from "@slipway/oci";
import { readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { amd64, compileText, errorOf, FakeBridge, imageConfig } from "../fake-bridge.test.support.ts";
import { dockerfile } from "../index.ts";
import { documentName } from "./rule.ts";
import { RULES } from "./rules.ts";

interface Answer {
  readonly json: {
    readonly warnings: readonly Record<string, any>[];
    readonly sources: readonly Record<string, any>[];
    readonly buildError?: Record<string, any>;
    readonly errors?: readonly Record<string, any>[];
    readonly notes?: readonly string[];
  };
  readonly text: string;
  readonly status: string;
  readonly bridge: FakeBridge;
}

const IMAGES = {
  "docker.io/library/alpine:3.20": imageConfig({ Env: ["PATH=/bin", "FOO=1"] }),
  "docker.io/library/shell:1": imageConfig({ Shell: ["/bin/bash", "-c"] }),
  "docker.io/library/armed:1": { ...imageConfig(), architecture: "arm64", variant: "v8" },
  "docker.io/library/trigger:1": imageConfig({ OnBuild: ["ENV SET=1", "ARG DECLARED", "WORKDIR /w"] }),
};

async function ask(
  text: string,
  input: { options?: Record<string, string>; context?: Record<string, string>; bridge?: FakeBridge } = {},
): Promise<Answer> {
  const bridge =
    input.bridge ??
    new FakeBridge({ dockerfile: { Dockerfile: text }, context: input.context ?? {} }, IMAGES);
  const options = { requestid: "frontend.lint", ...input.options };
  const request = { options, buildPlatform: amd64, platforms: [amd64] };
  const { outputs, metadata = {} } = await dockerfile.build(request, bridge, AbortSignal.timeout(10_000));
  expect(outputs).toEqual([]);
  const read = (key: string): string => Buffer.from(metadata[key]!).toString("utf8");
  expect(read("version")).toBe("1.0.0");
  return {
    json: JSON.parse(read("result.json")),
    text: read("result.txt"),
    status: read("result.statuscode"),
    bridge,
  };
}

const rulesOf = ({ json }: Answer): string[] => json.warnings.map(({ ruleName }) => ruleName);

describe("the answer to frontend.lint", () => {
  test("has BuildKit's shape, and exact places beside it", async () => {
    const { json, status, text } = await ask("FROM scratch AS Base\nCMD a \\\n  b\n");
    expect(status).toBe("1");
    expect(json.warnings).toMatchObject([
      {
        ruleName: "StageNameCasing",
        description: "Names of stages are written in lower case",
        url: "https://docs.docker.com/go/dockerfile/rule/stage-name-casing/",
        location: { ranges: [{ start: { line: 1 }, end: { line: 1 } }] },
        position: { file: "Dockerfile", line: 1, column: 17, endColumn: 20, start: 16, end: 20 },
        fix: { edits: [{ span: { start: 16, end: 20 }, text: "base" }] },
      },
      {
        ruleName: "JSONArgsRecommended",
        location: { ranges: [2, 3].map((line) => ({ start: { line }, end: { line } })) },
        position: { line: 2, column: 5, endLine: 3 },
      },
    ]);
    expect(json.sources).toMatchObject([{ filename: "Dockerfile", language: "Dockerfile" }]);
    expect(Buffer.from(json.sources[0]!["data"], "base64").toString()).toMatch(/^FROM scratch AS Base\n/);
    expect(text).toContain(
      `\nWARNING: StageNameCasing - https://docs.docker.com/go/dockerfile/rule/stage-name-casing/\n`,
    );
    expect(text).toContain(
      "Dockerfile:2\n--------------------\n   1 |     FROM scratch AS Base\n   2 | >>> CMD a \\\n   3 | >>>   b\n",
    );
  });

  test("of a file that is in order is 0 and empty", async () => {
    const answer = await ask("FROM scratch AS base\nCOPY a /a\n");
    expect(answer).toMatchObject({ status: "0", text: "", json: { warnings: [] } });
    expect(answer.json.buildError).toBeUndefined();
  });

  test("tells all mistakes of the file beside what rules find", async () => {
    const { json, status } = await ask("FROM scratch AS Base\nCOPY a\nFOO\n");
    expect(json.warnings.map(({ ruleName }) => ruleName)).toEqual(["StageNameCasing"]);
    expect(json.buildError).toMatchObject({ location: { ranges: [{ start: { line: 2 } }] } });
    expect(json.errors?.map(({ code }) => code)).toEqual(["INSTRUCTION_ARGUMENTS", "INSTRUCTION_UNKNOWN"]);
    expect(status).toBe("1");
  });

  test("tells what a build warns of without a rule, unless certain rules are asked for", async () => {
    const text =
      "FROM scratch AS base\nONBUILD RUN --mount=type=nothing true\nFROM scratch\nCOPY --from=bse a /a\n";
    const { json, status } = await ask(text, { options: { "lint:offline": "true" } });
    expect(json.warnings).toMatchObject([
      { ruleName: "MOUNT_INVALID", severity: "warning", position: { line: 2, column: 26 } },
      {
        ruleName: "STAGE_NOT_FOUND",
        hint: "Did you mean the stage base?",
        position: { line: 4, column: 13 },
      },
    ]);
    expect(json.errors).toBeUndefined();
    expect(status).toBe("1");
    const options = { "lint:offline": "true", "lint:only": "StageNameCasing" };
    expect(rulesOf(await ask(text, { options }))).toEqual([]);
    const named = { "lint:offline": "true", "context:bse": "local:bse" };
    expect(rulesOf(await ask(text, { options: named }))).toEqual(["MOUNT_INVALID"]);
  });

  test("tells all references between stages that lead nowhere", async () => {
    const { json } = await ask("FROM scratch\nCOPY --from=3 a /\nCOPY --from=4 a /\n");
    expect(json.errors?.map(({ position }) => position.line)).toEqual([2, 3]);
  });

  test("tells what would stop the build of a file that is well written", async () => {
    const { json } = await ask("FROM nowhere:1\nCOPY a /a\n");
    expect(json.buildError?.["message"]).toContain("nowhere");
    const unset = await ask("FROM scratch\nSTOPSIGNAL $NOTHING\n");
    expect(unset.json.errors).toMatchObject([{ code: "SIGNAL_INVALID" }]);
  });

  test("looks at the variables, the shell and the triggers of base images", async () => {
    expect(rulesOf(await ask("FROM alpine:3.20\nCOPY $FOO /a\nCOPY $FOOO /b\n"))).toEqual(["UndefinedVar"]);
    expect(rulesOf(await ask("FROM alpine:3.20\nCMD a\n"))).toEqual(["JSONArgsRecommended"]);
    expect(rulesOf(await ask("FROM shell:1\nCMD a\n"))).toEqual([]);
    const triggers = "FROM trigger:1\nCOPY a $SET$DECLARED\nWORKDIR b\nCOPY c /$MISSING\n";
    expect(rulesOf(await ask(triggers))).toEqual(["UndefinedVar"]);
  });

  test("looks at the platforms of images, those of COPY --from included", async () => {
    const { json } = await ask("FROM armed:1\nCOPY a /a\n");
    expect(json.warnings).toMatchObject([
      {
        ruleName: "InvalidBaseImagePlatform",
        detail: "the image armed:1 is for linux/arm64, but linux/amd64 is wanted",
        position: { line: 1, column: 6 },
      },
    ]);
    const copied = await ask("FROM scratch\nCOPY --from=armed:1 a /a\n");
    expect(copied.json.warnings).toMatchObject([
      { ruleName: "InvalidBaseImagePlatform", position: { line: 2 } },
    ]);
  });

  test("looks at the ignore file, the build file's own before the context's", async () => {
    const text = "FROM scratch\nCOPY a /a\n";
    expect(rulesOf(await ask(text, { context: { ".dockerignore": "a\n" } }))).toEqual(["CopyIgnoredFile"]);
    const own = { Dockerfile: text, "Dockerfile.dockerignore": "b\n" };
    const bridge = new FakeBridge({ dockerfile: own, context: { ".dockerignore": "a\n" } }, {});
    expect(rulesOf(await ask(text, { bridge }))).toEqual([]);
  });

  test("looks at stages that are not built, too", async () => {
    expect(rulesOf(await ask("FROM scratch AS a\nWORKDIR a\nFROM scratch AS b\nCOPY a /a\n"))).toEqual([
      "WorkdirRelativePath",
    ]);
  });

  test("rules are chosen by attributes", async () => {
    const text = "FROM alpine\nRUN sudo a\nCMD a\n";
    const options = (more: Record<string, string>) => ({ "lint:offline": "true", ...more });
    expect(rulesOf(await ask(text, { options: options({}) }))).toEqual(["JSONArgsRecommended"]);
    expect(rulesOf(await ask(text, { options: options({ "lint:set": "check" }) }))).toEqual([
      "UnpinnedBaseImage",
      "SudoInRun",
      "JSONArgsRecommended",
    ]);
    const also = { "lint:also": "RootUser,BaseImageDigest", "lint:skip": "JSONArgsRecommended" };
    expect(rulesOf(await ask(text, { options: options(also) }))).toEqual(["RootUser", "BaseImageDigest"]);
    expect(rulesOf(await ask(text, { options: options({ "lint:only": "SudoInRun" }) }))).toEqual([
      "SudoInRun",
    ]);
  });

  test("offline, no image is asked for; else a registry that is down is a mistake, or a note if that will do", async () => {
    const text = "FROM scratch AS A\nFROM alpine:3.20\nCOPY $ANY /a\n";
    const offline = await ask(text, { options: { "lint:offline": "true" } });
    expect(rulesOf(offline)).toEqual(["StageNameCasing"]);
    expect(offline.bridge.resolved).toEqual([]);
    class DownBridge extends FakeBridge {
      override resolveImageConfig(): never {
        throw new WorldError("REGISTRY_UNREACHABLE", "the registry is down", {
          hint: "Wait.",
          retryable: true,
        });
      }
    }
    const down = () => new DownBridge({ dockerfile: { Dockerfile: text }, context: {} }, {});
    const lenient = await ask(text, { bridge: down(), options: { "lint:offline": "auto" } });
    expect(rulesOf(lenient)).toEqual(["StageNameCasing"]);
    expect(lenient.json.notes).toEqual(["rules that need base images keep silent: the registry is down"]);
    expect(lenient.json.buildError).toBeUndefined();
    expect((await ask(text, { bridge: down() })).json.buildError).toMatchObject({
      message: "the registry is down",
    });
  });

  test("error=true is a build error that names the rules; a wrong directive is one, too", async () => {
    const failing = await ask("# check=error=true\nFROM scratch as A\nCOPY a /a\n");
    expect(failing.json.buildError?.["message"]).toBe(
      "the build file breaks 2 rules: FromAsCasing, StageNameCasing",
    );
    expect(failing.json.warnings.map(({ severity }) => severity)).toEqual(["error", "error"]);
    const wrong = await ask("# check=skop=A\nFROM scratch as a\nCOPY a /a\n");
    expect(wrong.json.buildError?.["message"]).toContain('"skop" is not an option of check');
    expect(rulesOf(wrong)).toEqual(["FromAsCasing"]);
    const options = { "build-arg:BUILDKIT_DOCKERFILE_CHECK": "skip=all" };
    expect((await ask("# check=error=true\nFROM scratch as A\nCOPY a /a\n", { options })).status).toBe("0");
  });

  test("a token is masked in the text and in the places", async () => {
    const token = "ghp_0123456789abcdefghijklmnopqrstuvwxyz";
    const { json, text } = await ask(`FROM scratch\nLABEL token=${token}\n`);
    expect(rulesOf({ json } as Answer)).toEqual(["TokenInBuildFile"]);
    expect(JSON.stringify(json.warnings)).not.toContain(token);
    expect(text).not.toContain(token);
  });
});

/** A memory that counts. */
function memoryOf(): FrontendMemory & { readonly entries: Map<string, Uint8Array> } {
  const entries = new Map<string, Uint8Array>();
  return {
    entries,
    get: (key) => Promise.resolve(entries.get(key)),
    put: (key, value) => Promise.resolve(void entries.set(key, value)),
  };
}

describe("a build", () => {
  test("warns of what rules find in the stages that it needs, with names, places and addresses", async () => {
    const text = "FROM scratch AS Unneeded\nWORKDIR a\nFROM alpine AS b\nRUN apt-get update\nRUN sudo a\n";
    const { bridge } = await compileText(text);
    expect(bridge.warnings.map(({ code, location }) => `${code} ${location?.line}`)).toEqual([
      "StageNameCasing 1",
      "AptGetUpdateAlone 4",
    ]);
    expect(bridge.warnings[0]).toMatchObject({
      severity: "warning",
      url: "https://docs.docker.com/go/dockerfile/rule/stage-name-casing/",
      location: { file: "Dockerfile", line: 1, column: 17 },
    });
  });

  test("fails when the file asks for it, behind its warnings; rules of our own never fail it", async () => {
    const error = await errorOf("# check=error=true\nFROM scratch as a\nCOPY a /a\n");
    expect(error).toMatchObject({
      code: "LINT_VIOLATION",
      message: "the build file breaks a rule: FromAsCasing",
      location: { line: 2, column: 14 },
    });
    const { bridge } = await compileText("# check=error=true\nFROM alpine\nRUN apt-get update\n");
    expect(bridge.warnings).toMatchObject([{ code: "AptGetUpdateAlone", severity: "warning" }]);
  });

  test("of two platforms warns once of each", async () => {
    const arm = { os: "linux", architecture: "arm64" };
    const bridge = new FakeBridge(
      { dockerfile: { Dockerfile: "FROM scratch AS A\nCOPY a /a\n" }, context: {} },
      {},
    );
    const request = { options: {}, buildPlatform: amd64, platforms: [amd64, arm] };
    await dockerfile.build(request, bridge, AbortSignal.timeout(10_000));
    expect(bridge.warnings).toHaveLength(1);
  });

  test("remembers its findings with the text: no rule is loaded for the same file again", async () => {
    const memory = memoryOf();
    const text = "FROM scratch AS A\nCOPY a /$B\n";
    const build = async (options: Record<string, string> = {}) => {
      const bridge = Object.assign(new FakeBridge({ dockerfile: { Dockerfile: text }, context: {} }, {}), {
        memory,
      });
      await dockerfile.build(
        { options, buildPlatform: amd64, platforms: [amd64] },
        bridge,
        AbortSignal.timeout(10_000),
      );
      return bridge.warnings;
    };
    const first = await build();
    expect(first.map(({ code }) => code)).toEqual(["StageNameCasing", "UndefinedVar"]);
    expect(await build()).toEqual(first);
    // What comes out of the memory is what was put there, and not found anew.
    for (const [key, value] of memory.entries) {
      const text = Buffer.from(value).toString("utf8");
      if (text.includes("violated"))
        memory.entries.set(key, Buffer.from(text.replace("lower case", "LOWER CASE")));
    }
    expect((await build())[0]?.message).toContain("LOWER CASE");
    expect((await build({ target: "a" }))[0]?.message).toContain("lower case");
  });
});

test("LINT_VERSION is another one when findings are", async () => {
  const folder = path.resolve(import.meta.dirname, "../../../../docs/rules");
  const findings: string[] = [];
  for (const { name } of RULES) {
    const text = /Bad:\n\n```dockerfile\n([^]*?)```/.exec(
      readFileSync(path.join(folder, `${documentName(name)}.md`), "utf8"),
    )![1]!;
    const { lint } = await import("./lint.ts");
    findings.push(JSON.stringify(lint(text, { set: "build" })));
  }
  const { LINT_VERSION } = await import("./remembering-lint.ts");
  // When this fails, count LINT_VERSION up and put the new digest here.
  expect(`${LINT_VERSION} ${sha256(findings.join("\n")).slice(7, 23)}`).toBe("2 1ba2a90ef118f5aa");
});

describe("with fragments", () => {
  const ON = "# slipway=include\n";

  test("the order of instructions is that of the whole, not of the files", async () => {
    const part = 'SHELL ["/bin/sh", "-c"]\nARG V=1\nUSER app\n';
    const used = await ask(`${ON}FROM scratch\nINCLUDE a.part\nLABEL v=$V\n`, {
      context: { "a.part": part },
    });
    expect(rulesOf(used)).toEqual([]);
    const unused = await ask(`${ON}FROM scratch\nLABEL v=\nINCLUDE a.part\n`, {
      context: { "a.part": part },
      options: { "lint:set": "check" },
    });
    expect(rulesOf(unused)).toContain("UnusedArg");
  });

  test("comments for checks count above the instructions that they stand above", async () => {
    const text = `${ON}FROM scratch\nINCLUDE a.part\n# check=skip=MaintainerDeprecated\nMAINTAINER me\n`;
    const { json } = await ask(text, {
      context: {
        "a.part": "# other\nLABEL a=1\n# check=skip=MaintainerDeprecated\nMAINTAINER you\nMAINTAINER them\n",
      },
    });
    expect(json.warnings.map(({ position }) => [position.file, position.line])).toEqual([["a.part", 5]]);
  });

  test("a token in a fragment is masked in the fragment's own line", async () => {
    const token = `ghp_${"a1B2".repeat(9)}`;
    const { json, text } = await ask(`${ON}FROM scratch\nINCLUDE a.part\n`, {
      context: { "a.part": `LABEL a=1\nENV T=${token}\n` },
    });
    const found = json.warnings.find(({ ruleName }) => ruleName === "TokenInBuildFile");
    expect(found!.position.excerpt).toBe(`ENV T=${"*".repeat(20)}`);
    expect(text).not.toContain(token);
  });
});
