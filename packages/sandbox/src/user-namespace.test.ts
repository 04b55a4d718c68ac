import { spawnSync } from "node:child_process";
import { chmodSync, chownSync, lstatSync } from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { findProgram } from "./choice/find-program.ts";
import { makeFixtureRoot, missingForFixtures, type FixtureRoot } from "./testkit/fixture-root.ts";
import { encodeSpec } from "./stub-protocol.ts";
import { userNamespaceCommand } from "./user-namespace.ts";

const someone = 23456;
const asSomeone = ["--reuid", String(someone), "--regid", String(someone), "--clear-groups", "--"];

/** An ordinary user must be able to have a namespace, and to read this package. */
function missing(): string | undefined {
  const lacking =
    missingForFixtures() ?? (findProgram("setpriv") === undefined ? "needs setpriv" : undefined);
  if (lacking !== undefined) return lacking;
  const program = `await import(${JSON.stringify(new URL("./user-namespace.ts", import.meta.url).href)})`;
  const tried = spawnSync("setpriv", [
    ...asSomeone,
    "unshare",
    "--user",
    "--map-root-user",
    process.execPath,
    "--conditions=slipway-source",
    "--input-type=module",
    "-e",
    program,
  ]);
  return tried.status === 0
    ? undefined
    : "needs user namespaces for ordinary users, and a checkout that they can read";
}

test("root needs no user namespace", () => {
  if (process.getuid?.() === 0) expect(userNamespaceCommand()).toBeUndefined();
});

const absent = missing();
if (absent !== undefined && process.env["SLIPWAY_REQUIRE_ALL"] === "1")
  test("user namespaces", () => expect.fail(absent));

describe.skipIf(absent !== undefined)(
  `an ordinary user${absent === undefined ? "" : ` [skipped: ${absent}]`}`,
  () => {
    let root: FixtureRoot;
    beforeAll(() => {
      root = makeFixtureRoot();
    });
    afterAll(() => root.remove());

    for (const driver of ["namespaces", ...(findProgram("crun") === undefined ? [] : ["oci"])]) {
      test(`runs a step in a user namespace with ${driver}`, () => {
        const overlay = root.overlay();
        for (const folder of [root.folder, path.dirname(overlay.upperdir), overlay.upperdir, overlay.workdir])
          chownSync(folder, someone, someone);
        chmodSync(root.folder, 0o755);
        const spec = root.spec(
          [
            "sh",
            "-c",
            "id -u && echo 1 > /x && head -c 2 /dev/zero | wc -c && test -c /dev/null && mkdir /new && " +
              "cat /etc/lower-file && stat -c '%a %u %F' /etc/lower-file /opt/script && head -c 3 /dev/lent | wc -c && exit 7",
          ],
          {
            root: overlay,
            mounts: [
              {
                kind: "secret",
                target: "/etc/lower-file",
                content: Buffer.from("s3cret\n"),
                uid: 0,
                gid: 0,
                mode: 0o400,
              },
              { kind: "socket", target: "/opt/script", uid: 0, gid: 0, mode: 0o600 },
              { kind: "device", source: "/dev/zero", target: "/dev/lent", uid: 0, gid: 0, mode: 0o666 },
            ],
          },
        );
        const program = new URL("./testkit/user-namespace-program.ts", import.meta.url).pathname;
        const { stdout, stderr } = spawnSync(
          "setpriv",
          [
            ...asSomeone,
            process.execPath,
            "--conditions=slipway-source",
            program,
            path.join(root.folder, `state-${driver}`),
            driver,
          ],
          { input: encodeSpec(spec), encoding: "utf8" },
        );
        expect({
          lines: stdout.split(/\n(?:output )?|output /).filter((line) => line !== ""),
          stderr,
        }).toEqual({
          lines: [
            "0",
            "2",
            "s3cret",
            "400 0 regular file",
            "600 0 socket",
            "3",
            JSON.stringify({ kind: "exited", code: 7 }),
          ],
          stderr: "",
        });
        expect(lstatSync(path.join(overlay.upperdir, "x")).uid).toBe(someone);
      });
    }
  },
);
