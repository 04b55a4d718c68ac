import { execFileSync, spawnSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { SlipwayError } from "@slipway/oci";
import { requires } from "@slipway/testing";
import { describe, expect, test } from "vitest";
import { bytesOfText } from "../layer-index/byte-path.ts";
import type { LayerIndex } from "../layer-index/entry.ts";
import { file, indexOf, packToBuffer, SIGNAL, temporaryFolder } from "./archive.test.helper.ts";
import { unpackArchive } from "./unpack-archive.ts";
import { unpackLayer } from "./unpack-layer.ts";

/** Unpacks a tar as an archive and as a layer; what each comes to. */
async function unpacked(tar: Uint8Array, folder: string): Promise<(LayerIndex | SlipwayError)[]> {
  const archive = path.join(folder, "a.tar");
  fs.writeFileSync(archive, tar);
  const [first, second] = [path.join(folder, "archive"), path.join(folder, "layer")];
  for (const each of [first, second]) fs.mkdirSync(each);
  const caught = (error: unknown): SlipwayError => {
    if (error instanceof SlipwayError) return error;
    throw error;
  };
  return [
    await unpackArchive({ path: bytesOfText(archive), treeDir: first, signal: SIGNAL }).then(
      (index) => index!,
      caught,
    ),
    await unpackLayer({
      source: { path: archive },
      compression: "none",
      treeDir: second,
      signal: SIGNAL,
    }).then(({ index }) => index, caught),
  ];
}

requires({ root: true }).describe("what no file can have is told with the entry and what to do", () => {
  test.each([
    ["security.capability", "garbage", "has a value that means nothing"],
    ["user.long", "x".repeat(70_000), "is too long for the file system of the store"],
  ])("the attribute %s", async (name, value, what) => {
    using folder = temporaryFolder();
    const xattrs = new Map([[name, Buffer.from(value)]]);
    const tar = await packToBuffer(indexOf(file("bin/ok", "x"), file("bin/tool", "x", { xattrs })));
    for (const error of await unpacked(tar.blob, folder.path)) {
      expect(error).toMatchObject({
        code: "ARCHIVE_BAD_XATTR",
        message: `"bin/tool": the extended attribute ${name} ${what}`,
        hint: expect.stringContaining("--no-xattrs"),
        data: { entry: "bin/tool" },
      });
    }
  });

  test("more hard links than the file system takes", { timeout: 60_000 }, async () => {
    using folder = temporaryFolder();
    const count = 65_100;
    const links = Array.from({ length: count }, (_, index) => ({
      kind: "hardlink" as const,
      path: `l/${String(index).padStart(5, "0")}`,
      target: bytesOfText("first") as never,
    }));
    const tar = await packToBuffer(indexOf(file("first", "x"), ...links));
    for (const result of await unpacked(tar.blob, folder.path)) {
      // File systems differ: ext4 takes 65,000, others all of them.
      if (!(result instanceof SlipwayError)) {
        expect(result.entries.filter(({ kind }) => kind === "hardlink")).toHaveLength(count);
        continue;
      }
      expect(result).toMatchObject({
        code: "ARCHIVE_TOO_MANY_LINKS",
        message: expect.stringMatching(/^"l\/\d+": "first" has as many hard links already/),
        hint: expect.stringContaining("--hard-dereference"),
      });
    }
  });
});

describe("in a user namespace of a single user", () => {
  const CHILD = fileURLToPath(new URL("../testing/single-id-child.test.helper.ts", import.meta.url));
  const NOBODY = 65534;
  const isRoot = process.geteuid?.() === 0;
  const command = [
    ...(isRoot ? ["setpriv", `--reuid=${NOBODY}`, `--regid=${NOBODY}`, "--clear-groups"] : []),
    ...["unshare", "--user", "--map-root-user"],
  ];
  const missing = (): string | undefined => {
    const works = (...more: string[]): boolean =>
      spawnSync(command[0]!, [...command.slice(1), ...more], { stdio: "ignore", cwd: "/" }).status === 0;
    if (!works("true")) return "user namespaces";
    return works(process.execPath, "--version") ? undefined : "a checkout that everybody may read";
  };

  requires({ checks: [missing] }).test(
    "an archive's owners are kept on paper; what is to be seen as it is says whose files it cannot have",
    async () => {
      using folder = temporaryFolder();
      const tar = await packToBuffer(
        indexOf(
          { kind: "dir", path: "d", uid: 1000, gid: 50 },
          file("d/f", "hello", { uid: 2000, gid: 3, mode: 0o4755 }),
          { kind: "symlink", path: "l", target: "d/f", uid: 7 },
        ),
      );
      fs.writeFileSync(path.join(folder.path, "a.tar"), tar.blob);
      if (isRoot) fs.chownSync(folder.path, NOBODY, NOBODY);
      const args = [...command.slice(1), process.execPath, ...process.execArgv, CHILD, folder.path];
      const output = execFileSync(command[0]!, args, { encoding: "utf8", cwd: "/" });
      expect(JSON.parse(output)).toEqual({
        owners: ["d 1000:50", "d/f 2000:3", "l 7:0"],
        onDisk: [0, 0, 0],
        content: "hello",
        layer:
          'OWNER_NOT_MAPPED "d/f" belongs to user 2000 and group 3, which this user namespace does not have',
        tree: 'OWNER_NOT_MAPPED "d/f" belongs to user 2000 and group 3, which this user namespace does not have',
      });
    },
  );
});
