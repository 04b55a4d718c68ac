import { chmodSync, lstatSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { createEngine, type BuildRequest, type Engine } from "@slipway/engine";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { runCommandLine } from "../command-line.ts";
import { temporaryFolder, type TemporaryFolder } from "../testing/temporary-folder.ts";
import { testHost } from "../testing/test-host.ts";

let folder: TemporaryFolder;
beforeEach(() => {
  folder = temporaryFolder();
});
afterEach(() => folder.remove());

/** Runs a command line with the real engine over a store of its own. */
async function run(argv: readonly string[], stdin?: string) {
  const { host, stdout, stderr } = testHost(
    {},
    { cwd: folder.path, ...(stdin === undefined ? {} : { stdin }) },
  );
  const root = folder.join("store");
  const real = { ...host, createEngine: () => createEngine({ root }) };
  const status = await runCommandLine(argv, real);
  return { status, stdout: stdout(), stderr: stderr() };
}

/** Runs a command line with an engine that only notes what it is asked. */
async function asked(argv: readonly string[], answer: Readonly<Record<string, string>> = {}) {
  const requests: BuildRequest[] = [];
  const engine: Partial<Engine> = {
    call(request) {
      requests.push(request);
      const all = { "result.json": '{"warnings":null,"sources":[]}', "result.txt": "text\n", ...answer };
      return Promise.resolve(
        Object.fromEntries(Object.entries(all).map(([key, value]) => [key, Buffer.from(value)])),
      );
    },
  };
  const { host, stdout, stderr } = testHost(engine, { cwd: folder.path });
  const status = await runCommandLine(argv, host);
  return { status, stdout: stdout(), stderr: stderr(), options: requests[0]?.options };
}

const write = (text: string, name = "Dockerfile"): void => writeFileSync(folder.join(name), text);

describe("slipway check", () => {
  test("tells findings and all mistakes with their places, and fails", async () => {
    write("FROM scratch AS Base\nCOPPY a /\nCOPY b\n");
    const { status, stdout } = await run(["check"]);
    expect(status).toBe(1);
    expect(stdout).toContain("WARNING: StageNameCasing - https://docs.docker.com/");
    expect(stdout).toContain("Dockerfile:1:17\n");
    expect(stdout).toContain("ERROR: unknown instruction COPPY\nhint: Did you mean COPY?\nDockerfile:2:1\n");
    expect(stdout).toContain("Dockerfile:3");
    expect(stdout).toMatch(/\nCheck complete, 2 errors and 1 warning found/);
  });

  test("of a file that is in order says so, and succeeds", async () => {
    write("FROM scratch AS base\nCOPY a /\n");
    expect(await run(["check"])).toMatchObject({ status: 0, stdout: "Check complete, no warnings found.\n" });
  });

  test("reads the ignore file of the context", async () => {
    write("FROM scratch AS base\nCOPY a /\n");
    write("a\n", ".dockerignore");
    expect((await run(["check"])).stdout).toContain("WARNING: CopyIgnoredFile");
  });

  test("takes the build file itself for PATH, a file from stdin, and writes where it is told to", async () => {
    write("FROM scratch as x\nCOPY a /\n", "other.dockerfile");
    expect((await run(["check", "other.dockerfile"])).stdout).toContain("other.dockerfile:1:14");
    expect((await run(["check", "-"], "FROM scratch as x\nCOPY a /\n")).status).toBe(1);
    const { stdout, status } = await run(["check", "-f", "other.dockerfile", "-o", "report.txt", "."]);
    expect([status, stdout]).toEqual([1, ""]);
    expect(readFileSync(folder.join("report.txt"), "utf8")).toContain("FromAsCasing");
  });

  test("--fix mends the file, says what, and checks what is left", async () => {
    write("# check=skip=none\nfrom scratch AS Base\nCOPY $nothing /\nENV A b c\n");
    const { status, stdout, stderr } = await run(["check", "--fix"]);
    expect(readFileSync(folder.join("Dockerfile"), "utf8")).toBe(
      '# check=skip=none\nFROM scratch AS base\nCOPY $nothing /\nENV A="b c"\n',
    );
    expect(stderr.split("\n").sort().join()).toContain("fixed LegacyKeyValueFormat (Dockerfile:4)");
    expect(stdout).toContain("UndefinedVar");
    expect(stdout).not.toContain("StageNameCasing");
    expect(status).toBe(1);
    await run(["check", "--fix"]);
    expect(readFileSync(folder.join("Dockerfile"), "utf8")).toContain('ENV A="b c"');
    expect((await run(["check", "--fix", "-"], "FROM scratch\n")).status).toBe(2);
  });

  test("--fix keeps the file's mode and the link that leads to it", async () => {
    write("FROM scratch as x\nCOPY a /\n", "real.dockerfile");
    chmodSync(folder.join("real.dockerfile"), 0o640);
    symlinkSync("real.dockerfile", folder.join("Dockerfile"));
    await run(["check", "--fix"]);
    expect(lstatSync(folder.join("Dockerfile")).isSymbolicLink()).toBe(true);
    expect(readFileSync(folder.join("real.dockerfile"), "utf8")).toContain("AS x");
    expect(statSync(folder.join("real.dockerfile")).mode & 0o777).toBe(0o640);
  });

  test("--fix leaves rules alone that are not asked for", async () => {
    write("from scratch AS Base\nCOPY a /\nCOPY b /\n");
    await run(["check", "--fix", "--rule", "StageNameCasing"]);
    expect(readFileSync(folder.join("Dockerfile"), "utf8")).toBe(
      "from scratch AS base\nCOPY a /\nCOPY b /\n",
    );
    await run(["check", "--fix", "--skip=FromAsCasing,ConsistentInstructionCasing"]);
    expect(readFileSync(folder.join("Dockerfile"), "utf8")).toBe(
      "from scratch AS base\nCOPY a /\nCOPY b /\n",
    );
  });

  test("chooses rules by flags, and knows which there are", async () => {
    write("FROM debian:trixie-slim\nRUN make\nCMD a\n");
    const check = async (...flags: string[]) =>
      [...(await run(["check", "--offline", ...flags])).stdout.matchAll(/WARNING: (\w+)/g)].map(
        ([, name]) => name,
      );
    expect(await check()).toEqual(["JSONArgsRecommended"]);
    expect(await check("--enable", "RootUser", "--skip", "JSONArgsRecommended")).toEqual(["RootUser"]);
    expect(await check("--rule", "BaseImageDigest")).toEqual(["BaseImageDigest"]);
    const wrong = await run(["check", "--skip", "JSONArgRecommended"]);
    expect(wrong.status).toBe(2);
    expect(wrong.stderr).toContain("hint: Did you mean JSONArgsRecommended?");
    expect((await run(["check", "--format", "xml"])).status).toBe(2);
  });

  test("as SARIF it names the file as seen from the current folder", async () => {
    write("FROM scratch as x\nCOPY a /\n");
    const { stdout } = await run(["check", "--format", "sarif", folder.path]);
    const [result] = JSON.parse(stdout).runs[0].results;
    expect(result.locations[0].physicalLocation.artifactLocation.uri).toBe("Dockerfile");
    expect(JSON.parse((await run(["check", "--format", "json"])).stdout).warnings).toHaveLength(1);
  });
});

describe("what is in a fragment is told there, and where it was included", () => {
  const atFragment = (): void => {
    mkdirSync(folder.join("context/parts"), { recursive: true });
    write("# slipway=include\nFROM scratch\nINCLUDE parts/a.part\n", "context/Dockerfile");
    write("\nINCLUDE ./b.part\n", "context/parts/a.part");
    write("COPY missing /there\nMAINTAINER me\nLABEL a=1\n", "context/parts/b.part");
  };

  test("by a build: errors of steps, warnings, and the stream for programs", async () => {
    atFragment();
    const { status, stderr } = await run(["build", "--progress=plain", "context"]);
    expect(status).toBe(1);
    expect(stderr).toContain(
      "parts/b.part:1\n--------------------\n   1 | >>> COPY missing /there\n--------------------\n" +
        'included from parts/a.part:2\nincluded from Dockerfile:3\nERROR: "/missing" not found',
    );
    expect(stderr).toContain(
      " - MaintainerDeprecated: MAINTAINER is deprecated (parts/b.part:2, included from parts/a.part:2, included from Dockerfile:3)",
    );
    const raw = await run(["build", "--progress=rawjson", "context"]);
    const details = [...raw.stderr.matchAll(/"detail":(\[[^\]]*\])/g)].flatMap(
      ([, list]) => JSON.parse(list!) as string[],
    );
    expect(details.map((each) => Buffer.from(each, "base64").toString())).toEqual(
      expect.arrayContaining(["included from parts/a.part:2", "included from Dockerfile:3"]),
    );
  });

  test("by a check: as text, JSON and SARIF", async () => {
    atFragment();
    const { stdout } = await run(["check", "context"]);
    expect(stdout).toContain("parts/b.part:2:1\n");
    expect(stdout).toContain("   1 |     COPY missing /there\n   2 | >>> MAINTAINER me\n");
    expect(stdout).toContain("included from parts/a.part:2\nincluded from Dockerfile:3\n");
    // --fix writes to the build file only.
    expect(stdout).toContain("Check complete, 1 warning found.\n");

    const json = JSON.parse((await run(["check", "--format", "json", "context"])).stdout);
    expect(json.sources.map(({ filename }: { filename: string }) => filename)).toEqual([
      "Dockerfile",
      "parts/a.part",
      "parts/b.part",
    ]);
    expect(json.warnings).toMatchObject([
      {
        location: { sourceIndex: 2, ranges: [{ start: { line: 2 } }] },
        position: {
          file: "parts/b.part",
          start: 20,
          includedFrom: { file: "parts/a.part", line: 2, includedFrom: { file: "Dockerfile", line: 3 } },
        },
        fix: { edits: [{ span: { start: 20, end: 33 } }] },
      },
    ]);

    const [result] = JSON.parse((await run(["check", "--format", "sarif", "context"])).stdout).runs[0]
      .results;
    const place = (location: any) =>
      `${location.physicalLocation.artifactLocation.uri}:${location.physicalLocation.region.startLine}`;
    expect(result.locations.map(place)).toEqual(["context/parts/b.part:2"]);
    expect(result.relatedLocations.map(place)).toEqual(["context/parts/a.part:2", "context/Dockerfile:3"]);
    expect(result.fixes).toBeUndefined();
  });
});

describe("slipway build --call", () => {
  test.each<[string[], Record<string, string>]>([
    [["--check"], { requestid: "frontend.lint", "lint:set": "check" }],
    [["--call=check"], { requestid: "frontend.lint" }],
    [["--call", "lint"], { requestid: "frontend.lint" }],
    [["--call=outline", "--target", "x"], { requestid: "frontend.outline", target: "x" }],
    [["--call=targets"], { requestid: "frontend.targets" }],
    [["--call=subrequests.describe"], { requestid: "frontend.subrequests.describe" }],
    [["--call=frontend.other"], { requestid: "frontend.other" }],
  ])("%j asks the frontend", async (flags, options) => {
    write("FROM scratch\n");
    expect((await asked(["build", ...flags, "."])).options).toMatchObject({
      filename: "Dockerfile",
      ...options,
    });
  });

  test("prints the answer as text or JSON", async () => {
    write("FROM scratch\n");
    expect((await asked(["build", "--call=targets", "."])).stdout).toBe("text\n");
    expect((await asked(["build", "--call=targets,format=json", "."])).stdout).toBe(
      '{"warnings":null,"sources":[]}\n',
    );
    expect((await asked(["build", "--check", "."])).stdout).toBe("Check complete, no warnings found.\n");
  });

  test("ends with the answer's status, unless it is to be ignored", async () => {
    write("FROM scratch\n");
    const bad = { "result.statuscode": "1" };
    expect((await asked(["build", "--check", "."], bad)).status).toBe(1);
    expect((await asked(["build", "--call=check,ignorestatus=true", "."], bad)).status).toBe(0);
    expect((await asked(["build", "--call=check", "."], { "result.statuscode": "0" })).status).toBe(0);
  });

  test.each([["--call=nothing"], ["--call=check,format=yaml"], ["--call=outline", "--check"]])(
    "%s is wrong usage",
    async (...flags) => {
      write("FROM scratch\n");
      expect((await asked(["build", ...flags, "."])).status).toBe(2);
    },
  );

  test("build is what it is without", async () => {
    write("FROM scratch\n");
    const { options, stderr } = await asked(["build", "--call=build", "."]);
    expect(options).toBeUndefined();
    expect(stderr).not.toContain("--call");
  });
});
