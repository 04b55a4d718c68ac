import { execFileSync } from "node:child_process";
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { runCommandLine } from "../command-line.ts";
import { temporaryFolder, type TemporaryFolder } from "../testing/temporary-folder.ts";
import { testHost } from "../testing/test-host.ts";

let folder: TemporaryFolder;

beforeEach(() => (folder = temporaryFolder()));
afterEach(() => folder.remove());

async function fmt(argv: readonly string[], stdin?: string) {
  const host = testHost({}, { cwd: folder.path, ...(stdin === undefined ? {} : { stdin }) });
  const status = await runCommandLine(["fmt", ...argv], host.host);
  return { status, stdout: host.stdout(), stderr: host.stderr() };
}

const UGLY = "from  scratch\nrun x   \n";
const NICE = "FROM scratch\nRUN x\n";

function write(name: string, text: string | Buffer = UGLY): void {
  mkdirSync(folder.join(name, ".."), { recursive: true });
  writeFileSync(folder.join(name), text);
}

const read = (name: string): string => readFileSync(folder.join(name), "utf8");

test("files are laid out in place, and those that changed are named", async () => {
  write("a", UGLY);
  write("b", NICE);
  expect(await fmt(["a", "b"])).toEqual({ status: 0, stdout: "a\n", stderr: "" });
  expect([read("a"), read("b")]).toEqual([NICE, NICE]);
  expect(await fmt(["a", "b"])).toEqual({ status: 0, stdout: "", stderr: "" });
});

test("of a folder the Dockerfiles are laid out, whatever form of the name they have", async () => {
  const ours = [
    "Dockerfile",
    "Dockerfile.web",
    "sub/deep/Containerfile",
    "sub/dockerfile",
    "sub/web.Dockerfile",
  ];
  const others = [
    "Dockerfile.dockerignore",
    "Dockerfile.j2",
    ".git/Dockerfile",
    "node_modules/x/Dockerfile",
    "README",
  ];
  for (const name of [...ours, ...others]) write(name);
  symlinkSync("Dockerfile", folder.join("Dockerfile.link"));
  expect(await fmt([])).toEqual({ status: 0, stdout: ours.map((name) => `${name}\n`).join(""), stderr: "" });
  for (const name of ours) expect(read(name)).toBe(NICE);
  for (const name of others) expect(read(name)).toBe(UGLY);
  expect(await fmt(["sub", "sub/dockerfile"])).toMatchObject({ status: 0, stdout: "" });
});

test("a file that is named is laid out, whatever its name is", async () => {
  write("node_modules/x.j2");
  expect(await fmt(["node_modules/x.j2"])).toMatchObject({ status: 0, stdout: "node_modules/x.j2\n" });
});

test("--check writes nothing, names what would change, and fails if anything would", async () => {
  write("a");
  write("b", NICE);
  expect(await fmt(["--check", "a", "b"])).toEqual({ status: 1, stdout: "a\n", stderr: "" });
  expect(read("a")).toBe(UGLY);
  expect(await fmt(["--check", "b"])).toEqual({ status: 0, stdout: "", stderr: "" });
});

test("--diff writes nothing and shows what would change", async () => {
  write("a");
  const diff = "--- a.orig\n+++ a\n@@ -1,2 +1,2 @@\n-from  scratch\n-run x   \n+FROM scratch\n+RUN x\n";
  expect(await fmt(["--diff", "a"])).toEqual({ status: 0, stdout: diff, stderr: "" });
  expect(await fmt(["--check", "--diff", "a"])).toEqual({ status: 1, stdout: diff, stderr: "" });
  expect(read("a")).toBe(UGLY);
  expect(await fmt(["-d", "-w", "a"])).toEqual({ status: 0, stdout: diff, stderr: "" });
  expect(read("a")).toBe(NICE);
});

test("- goes from stdin to stdout", async () => {
  expect(await fmt(["-"], UGLY)).toEqual({ status: 0, stdout: NICE, stderr: "" });
  expect(await fmt(["--check", "-"], UGLY)).toEqual({ status: 1, stdout: "stdin\n", stderr: "" });
  expect(await fmt(["--check", "-"], NICE)).toEqual({ status: 0, stdout: "", stderr: "" });
  expect(await fmt(["--diff", "-"], NICE)).toEqual({ status: 0, stdout: "", stderr: "" });
});

describe("a file that is replaced", () => {
  test("keeps its mode", async () => {
    write("a");
    chmodSync(folder.join("a"), 0o640);
    await fmt(["a"]);
    expect(statSync(folder.join("a")).mode & 0o7777).toBe(0o640);
  });

  test("stays behind the symbolic link that names it", async () => {
    write("real/a");
    symlinkSync("real/a", folder.join("link"));
    expect(await fmt(["link"])).toMatchObject({ status: 0, stdout: "link\n" });
    expect(lstatSync(folder.join("link")).isSymbolicLink()).toBe(true);
    expect(readlinkSync(folder.join("link"))).toBe("real/a");
    expect(read("real/a")).toBe(NICE);
  });

  test("leaves nothing beside it", async () => {
    write("a");
    await fmt(["a"]);
    expect(readdirSync(folder.path)).toEqual(["a"]);
  });

  test("that is laid out already is not touched", async () => {
    write("a", NICE);
    const before = statSync(folder.join("a"), { bigint: true });
    await fmt(["a"]);
    const after = statSync(folder.join("a"), { bigint: true });
    expect([after.ino, after.mtimeNs]).toEqual([before.ino, before.mtimeNs]);
  });
});

test("what cannot be parsed stays and is reported with its place; the rest is laid out", async () => {
  write("a", "from scratch\nRNU  x\nNPE\n");
  write("b");
  const { status, stdout, stderr } = await fmt(["a", "b"]);
  expect({ status, stdout }).toEqual({ status: 1, stdout: "a\nb\n" });
  expect(read("a")).toBe("FROM scratch\nRNU  x\nNPE\n");
  expect(stderr).toContain("a:2");
  expect(stderr).toContain("ERROR: unknown instruction RNU\nhint: Did you mean RUN?\n");
  expect(stderr).toContain("a:3:1: unknown instruction NPE");
});

test("a file that is not UTF-8 stays as it is, and the others are laid out", async () => {
  write("a", Buffer.from("from x\n# \xe9\n", "latin1"));
  write("b");
  const { status, stdout, stderr } = await fmt(["a", "b"]);
  expect({ status, stdout }).toEqual({ status: 1, stdout: "b\n" });
  expect(stderr).toContain("a is not UTF-8");
  expect(readFileSync(folder.join("a"), "latin1")).toBe("from x\n# \xe9\n");
});

test.each([
  [["--check", "--write", "a"], 2, "contradict"],
  [["-", "a"], 2, "stdin can't be formatted together with files"],
  [["--write", "-"], 2, "stdin can't be written to"],
  [["--nope"], 2, "--nope"],
  [["nowhere"], 1, "nowhere does not exist"],
  [["empty"], 1, "there is no Dockerfile in"],
])("fmt %j is refused", async (argv, status, message) => {
  mkdirSync(folder.join("empty"));
  const result = await fmt(argv, "");
  expect(result).toMatchObject({ status, stdout: "" });
  expect(result.stderr).toContain(message);
});

test("pipes, devices and links in circles are refused, and nobody waits for them", async () => {
  execFileSync("mkfifo", [folder.join("pipe")]);
  symlinkSync("/dev/zero", folder.join("zero"));
  symlinkSync("circle", folder.join("circle"));
  for (const name of ["pipe", "zero"])
    expect(await fmt([name])).toMatchObject({
      status: 1,
      stderr: expect.stringContaining(`${name} is neither a file nor a folder`) as string,
    });
  expect(await fmt(["circle"])).toMatchObject({
    status: 1,
    stderr: expect.stringContaining("hint: Name files") as string,
  });
});
