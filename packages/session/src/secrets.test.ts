import { execFileSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { createSession } from "./create-session.ts";
import { parseSecret, type SecretSource } from "./secret-source.ts";
import { MAX_SECRET_BYTES } from "./secrets.ts";

const folder = fs.mkdtempSync(path.join(os.tmpdir(), "slipway-session-"));
afterAll(() => fs.rmSync(folder, { recursive: true }));
const signal = new AbortController().signal;

function file(name: string, content: string | Buffer): string {
  fs.writeFileSync(path.join(folder, name), content);
  return path.join(folder, name);
}

async function read(source: SecretSource, env: Record<string, string> = {}): Promise<string | undefined> {
  const bytes = await createSession({ secrets: [source], env, cwd: folder }).secret(source.id, signal);
  return bytes && Buffer.from(bytes).toString();
}

describe("--secret", () => {
  test.each<[string, SecretSource["from"]]>([
    ["id=x,src=a/b", { kind: "file", path: "a/b" }],
    ["id=x,source=a", { kind: "file", path: "a" }],
    ["ID=x,SRC=a=b", { kind: "file", path: "a=b" }],
    ["id=x,type=file,src=a", { kind: "file", path: "a" }],
    ["id=x,env=A", { kind: "env", name: "A" }],
    ["type=env,id=x,env=A", { kind: "env", name: "A" }],
    ["id=x,type=env,src=A", { kind: "env", name: "A" }],
    ["id=x,env=A,src=a", { kind: "file", path: "a" }],
    ["id=x", { kind: "file", path: "x" }],
    ["id=x,type=env", { kind: "env", name: "x" }],
  ])("%s", (text, from) => {
    expect(parseSecret(text.split(","), {})).toEqual({ id: "x", from });
  });

  test("without a source it is the variable of its name, else the file of its name", () => {
    expect(parseSecret(["id=TOKEN"], { TOKEN: "" }).from).toEqual({ kind: "env", name: "TOKEN" });
    expect(parseSecret(["id=TOKEN", "type=file"], { TOKEN: "" }).from).toEqual({
      kind: "file",
      path: "TOKEN",
    });
    expect(parseSecret(["id=TOKEN"], {}).from).toEqual({ kind: "file", path: "TOKEN" });
  });

  test.each(["x", "src=a", "id=,src=a", "id=x,type=vault,src=a", "id=x,mode=4", "id=x,"])(
    "%s is refused",
    (text) => {
      expect(() => parseSecret(text.split(","), {})).toThrow(
        expect.objectContaining({
          code: "SECRET_INVALID",
          family: "input",
          hint: expect.stringContaining("id=NAME"),
        }),
      );
    },
  );
});

describe("secrets", () => {
  test("come from files, variables and memory, and are undefined when they were not lent", async () => {
    expect(await read({ id: "x", from: { kind: "file", path: file("one", "1\n") } })).toBe("1\n");
    expect(await read({ id: "x", from: { kind: "file", path: "one" } })).toBe("1\n");
    expect(await read({ id: "x", from: { kind: "env", name: "A" } }, { A: "ü" })).toBe("ü");
    expect(await read({ id: "x", from: { kind: "env", name: "UNSET" } })).toBe("");
    expect(await read({ id: "x", from: { kind: "bytes", data: Buffer.from("b") } })).toBe("b");
    expect(await createSession({}).secret("x", signal)).toBeUndefined();
  });

  test("are read anew each time, but for pipes, which say their content once", async () => {
    const path1 = file("changing", "before");
    const pipe = path.join(folder, "pipe");
    execFileSync("mkfifo", [pipe]);
    const session = createSession({
      secrets: [
        { id: "file", from: { kind: "file", path: path1 } },
        { id: "pipe", from: { kind: "file", path: pipe } },
      ],
    });
    const text = async (id: string): Promise<string> =>
      Buffer.from((await session.secret(id, signal))!).toString();
    expect(await text("file")).toBe("before");
    file("changing", "after");
    expect(await text("file")).toBe("after");
    const first = text("pipe");
    await fs.promises.writeFile(pipe, "said once");
    expect(await first).toBe("said once");
    expect(await text("pipe")).toBe("said once");
  });

  test("have 500 KiB at most", async () => {
    const largest = file("largest", Buffer.alloc(MAX_SECRET_BYTES));
    expect((await read({ id: "x", from: { kind: "file", path: largest } }))!.length).toBe(MAX_SECRET_BYTES);
    const large = file("large", Buffer.alloc(MAX_SECRET_BYTES + 1));
    expect(() => createSession({ secrets: [{ id: "x", from: { kind: "file", path: large } }] })).toThrow(
      expect.objectContaining({ code: "SECRET_TOO_LARGE" }),
    );
    await expect(
      read({ id: "x", from: { kind: "bytes", data: Buffer.alloc(MAX_SECRET_BYTES + 1) } }),
    ).rejects.toMatchObject({ code: "SECRET_TOO_LARGE" });
    const session = createSession({ secrets: [{ id: "x", from: { kind: "file", path: largest } }] });
    fs.appendFileSync(largest, "x");
    await expect(session.secret("x", signal)).rejects.toMatchObject({ code: "SECRET_TOO_LARGE" });
  });

  test("a file that is not there is an error before the build, one that goes away in it", async () => {
    expect(() =>
      createSession({ secrets: [{ id: "x", from: { kind: "file", path: "~/no" } }], cwd: folder }),
    ).toThrow(
      expect.objectContaining({
        code: "SECRET_NOT_FOUND",
        message: expect.stringContaining(folder),
        hint: expect.stringContaining("$HOME"),
      }),
    );
    const gone = file("gone", "x");
    const session = createSession({
      secrets: [
        { id: "gone", from: { kind: "file", path: gone } },
        { id: "folder", from: { kind: "file", path: folder } },
      ],
    });
    fs.rmSync(gone);
    await expect(session.secret("gone", signal)).rejects.toMatchObject({
      code: "SECRET_UNREADABLE",
      family: "world",
    });
    await expect(session.secret("folder", signal)).rejects.toMatchObject({
      code: "SECRET_UNREADABLE",
      message: expect.stringContaining("folder"),
    });
  });
});
