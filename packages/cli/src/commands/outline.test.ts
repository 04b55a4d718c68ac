import { writeFileSync } from "node:fs";
import type { BuildRequest, Engine } from "@slipway/engine";
import { InputError } from "@slipway/oci";
import { afterEach, beforeEach, expect, test } from "vitest";
import { runCommandLine } from "../command-line.ts";
import { temporaryFolder, type TemporaryFolder } from "../testing/temporary-folder.ts";
import { testHost } from "../testing/test-host.ts";

let folder: TemporaryFolder;

beforeEach(() => {
  folder = temporaryFolder();
  writeFileSync(folder.join("Dockerfile"), "FROM scratch\n");
});
afterEach(() => folder.remove());

async function run(argv: readonly string[], engine: Partial<Engine> = {}, stdin?: string) {
  const requests: BuildRequest[] = [];
  const call: Engine["call"] = (request) => {
    requests.push(request);
    return Promise.resolve({
      "result.json": Buffer.from('{\n  "name": "x"\n}'),
      "result.txt": Buffer.from("TARGET: x\n\n"),
    });
  };
  const host = testHost({ call, ...engine }, { cwd: folder.path, ...(stdin === undefined ? {} : { stdin }) });
  const status = await runCommandLine(argv, host.host);
  return { status, stdout: host.stdout(), stderr: host.stderr(), request: requests[0] };
}

test.each(["outline", "targets"])("%s asks the frontend and prints its answer", async (name) => {
  const text = await run([name]);
  expect(text).toMatchObject({ status: 0, stdout: "TARGET: x\n\n", stderr: "" });
  expect(text.request).toMatchObject({
    options: { requestid: `frontend.${name}`, filename: "Dockerfile" },
    localDirs: { context: folder.path, dockerfile: folder.path },
    exports: [],
  });
  expect(await run([name, "--format", "json", "."])).toMatchObject({ stdout: '{\n  "name": "x"\n}\n' });
});

test("an answer moves no cursor: it holds what the build file says", async () => {
  const call: Engine["call"] = () =>
    Promise.resolve({ "result.json": Buffer.from("{}"), "result.txt": Buffer.from("B  \x1b[31mx\n") });
  expect((await run(["outline"], { call })).stdout).toBe("B  ␛[31mx\n");
});

test("outline hands over what values and targets depend on", async () => {
  writeFileSync(folder.join("x.Dockerfile"), "FROM scratch\n");
  const flags = ["--target", "t", "--build-arg", "A=1", "--platform", "linux/arm64", "-f", "x.Dockerfile"];
  const { request } = await run(["outline", ...flags, "--build-context", "n=docker-image://i", "."]);
  expect(request).toMatchObject({
    options: { target: "t", "build-arg:A": "1", filename: "x.Dockerfile", "context:n": "docker-image://i" },
    platforms: [{ os: "linux", architecture: "arm64" }],
  });
});

test("the build file may come from stdin", async () => {
  const { status, request } = await run(["targets", "-"], {}, "FROM scratch\n");
  expect(status).toBe(0);
  expect(request?.options).toMatchObject({ filename: "Dockerfile" });
});

test("PATH may be the build file itself", async () => {
  writeFileSync(folder.join("x.Dockerfile"), "FROM scratch\n");
  expect((await run(["targets", "x.Dockerfile"])).request).toMatchObject({
    options: { filename: "x.Dockerfile" },
    localDirs: { context: folder.path },
  });
});

test("warnings go to stderr", async () => {
  const call: Engine["call"] = (_, { progress }) => {
    progress({ kind: "warning", code: "IMAGE_UNKNOWN", message: "no such image", hint: "Check its name." });
    return Promise.resolve({ "result.txt": Buffer.from("") });
  };
  const { stdout, stderr } = await run(["outline"], { call });
  expect(stdout).toBe("");
  expect(stderr).toContain("IMAGE_UNKNOWN: no such image");
  expect(stderr).toContain("The target takes no arguments");
});

test("mistakes in the build file end with status 1, in the command line with 2", async () => {
  const call: Engine["call"] = () => Promise.reject(new InputError("STAGE_NOT_FOUND", "there is no stage"));
  expect(await run(["outline", "--target", "x"], { call })).toMatchObject({ status: 1, stdout: "" });
  expect(await run(["outline", "--format", "xml"])).toMatchObject({ status: 2, stdout: "" });
  expect((await run(["targets", "--target", "x"])).status).toBe(2);
});
