import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, statSync } from "node:fs";
import { Readable } from "node:stream";
import fc from "fast-check";
import { extract } from "tar-stream";
import { expect, it } from "vitest";
import { TAR_END, tarHeader, tarPadding, type TarEntry } from "./archive/tar-header.ts";
import { contextFor, entry, prepare, temporaryFolder } from "./export-context.test.fixture.ts";

interface Seen {
  readonly header: {
    name: string;
    type: string | null;
    mode?: number;
    uid?: number;
    gid?: number;
    size?: number;
    linkname?: string | null;
    mtime?: Date;
    pax: Record<string, string> | null;
  };
  readonly content: Buffer;
}

async function read(archive: Buffer): Promise<Seen[]> {
  const seen: Seen[] = [];
  const reader = extract();
  reader.on("entry", (header, stream, next) => {
    const chunks: Buffer[] = [];
    stream.on("data", (chunk) => void chunks.push(chunk as Buffer));
    stream.on("end", () => {
      seen.push({ header: header as Seen["header"], content: Buffer.concat(chunks) });
      next();
    });
  });
  const done = new Promise((resolve, reject) =>
    reader.on("finish", () => resolve(undefined)).on("error", reject),
  );
  Readable.from([archive]).pipe(reader);
  await done;
  return seen;
}

it("headers say to tar-stream what they were made of, whatever the lengths and sizes", async () => {
  const name = fc
    .array(
      fc.stringMatching(/^[a-zA-Z0-9_ é-]{1,60}$/).filter((part) => part.trim() !== ""),
      { minLength: 1, maxLength: 8 },
    )
    .map((parts) => parts.join("/"));
  await fc.assert(
    fc.asyncProperty(
      name,
      fc.constantFrom("file", "dir", "symlink", "hardlink", "fifo" as const),
      fc.nat({ max: 0o7777 }),
      fc.nat({ max: 2 ** 31 - 1 }),
      fc.nat({ max: 2 ** 31 - 1 }),
      fc.bigInt({ min: 0n, max: 4_000_000_000n }),
      name,
      fc.uint8Array({ maxLength: 2000 }),
      async (path, type, mode, uid, gid, seconds, target, content) => {
        const bytes = (text: string) => Buffer.from(text, "utf8").toString("latin1");
        const link = type === "symlink" || type === "hardlink";
        const body = type === "file" ? Buffer.from(content) : Buffer.alloc(0);
        const made: TarEntry = {
          name: bytes(path),
          type: type as TarEntry["type"],
          mode,
          uid,
          gid,
          sizeBytes: body.length,
          mtimeNs: seconds * 1_000_000_000n,
          linkname: link ? bytes(target) : undefined,
        };
        const [seen] = await read(Buffer.concat([tarHeader(made), body, tarPadding(body.length), TAR_END]));
        expect(seen?.header).toMatchObject({
          name: type === "dir" ? `${path}/`.replace(/\/$/, "") + "/" : path,
          type: { file: "file", dir: "directory", symlink: "symlink", hardlink: "link", fifo: "fifo" }[
            type as "file"
          ],
          mode,
          ...(uid <= 0o7777777 ? { uid } : {}),
          ...(gid <= 0o7777777 ? { gid } : {}),
          ...(link ? { linkname: target } : {}),
        });
        if (uid > 0o7777777) expect(seen?.header.pax?.uid).toBe(String(uid));
        expect(seen?.header.mtime?.getTime()).toBe(Number(seconds) * 1000);
        expect(seen?.content.equals(body)).toBe(true);
      },
    ),
    { numRuns: 200 },
  );
});

it("type=tar keeps owners, modes, times to the nanosecond, links, devices, attributes and names that are not UTF-8", async () => {
  const folder = temporaryFolder();
  const long = `${"d".repeat(90)}/${"f".repeat(120)}`;
  const context = contextFor(
    [
      {
        files: [
          entry("", { kind: "dir" }),
          entry("a", {
            content: "hello",
            uid: 3_000_000,
            gid: 7,
            mode: 0o4711,
            mtimeNs: 1_600_000_000_123_456_789n,
          }),
          entry("b", { kind: "hardlink", linkname: "a" }),
          entry("caf\xe9", { content: "x" }),
          entry("d".repeat(90), { kind: "dir" }),
          entry(long, { content: "long", xattrs: new Map([["user.note", Buffer.from("v\0w")]]) }),
          entry("null", { kind: "char", major: 1, minor: 3 }),
          entry("pipe", { kind: "fifo" }),
          entry("s", { kind: "symlink", linkname: "x".repeat(150) }),
        ],
      },
    ],
    { cwd: folder },
  );
  await (await prepare("tar", { dest: "out.tar" })).write(context);
  const list = execFileSync(
    "tar",
    ["--numeric-owner", "--full-time", "--quoting-style=literal", "-tvf", `${folder}/out.tar`],
    { encoding: "latin1", env: { TZ: "UTC", LC_ALL: "C" } },
  );
  const lines = list.trim().split("\n");
  expect(lines[0]).toMatch(/^-rws--x--x 3000000\/7\s+5 2020-09-13 12:26:40\.123456789 a$/);
  expect(lines[1]).toMatch(/^h.* b link to a$/);
  expect(lines[2]).toMatch(/caf\xe9$/);
  expect(lines[4]).toContain(long);
  expect(lines[5]).toMatch(/^c.* 1,3 .*null$/);
  expect(lines[6]).toMatch(/^p/);
  expect(lines[7]).toContain(`s -> ${"x".repeat(150)}`);
  const seen = await read(readFileSync(`${folder}/out.tar`));
  expect(seen.find(({ header }) => header.name === long)?.header.pax).toMatchObject({
    "SCHILY.xattr.user.note": "v\0w",
  });
  mkdirSync(`${folder}/out`);
  execFileSync("tar", [
    "-xf",
    `${folder}/out.tar`,
    "-C",
    `${folder}/out`,
    "--no-same-owner",
    "--exclude=null",
  ]);
  expect(readFileSync(`${folder}/out/${long}`, "utf8")).toBe("long");
  expect(statSync(`${folder}/out/a`).ino).toBe(statSync(`${folder}/out/b`).ino);
});

it("type=tar refuses a file with other bytes than its size, instead of a broken archive", async () => {
  for (const sizeBytes of [2, 4]) {
    const context = contextFor([{ files: [entry("a", { content: "abc", sizeBytes })] }], {
      cwd: temporaryFolder(),
    });
    await expect((await prepare("tar", { dest: "out.tar" })).write(context)).rejects.toMatchObject({
      code: "INVARIANT",
    });
  }
});

it("type=tar writes the same bytes each time, in folders by platform when there are several", async () => {
  const archives = [];
  for (let round = 0; round < 2; round++) {
    const context = contextFor([
      { files: [entry("a", { content: "1" })] },
      {
        platform: { os: "linux", architecture: "arm", variant: "v7" },
        files: [entry("a", { content: "2" })],
      },
    ]);
    const received = context.stdout.toArray() as Promise<Buffer[]>;
    await (await prepare("tar", { dest: "-" })).write(context);
    context.stdout.end();
    archives.push(Buffer.concat(await received));
  }
  expect(archives[0]!.equals(archives[1]!)).toBe(true);
  expect((await read(archives[0]!)).map(({ header }) => header.name)).toEqual([
    "linux_amd64/",
    "linux_amd64/a",
    "linux_arm_v7/",
    "linux_arm_v7/a",
  ]);
});
