import { spawnSync } from "node:child_process";
import { chownSync, mkdirSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { requires, temporaryFolder } from "@slipway/testing";

// As somebody who is not in /etc/subuid: root of a user namespace in which there is nobody else.

const LAUNCHER = fileURLToPath(new URL("../../packages/cli/bin/slipway.js", import.meta.url));
const NOBODY = 65534;
const isRoot = process.geteuid?.() === 0;
const COMMAND = [
  ...(isRoot ? ["setpriv", `--reuid=${NOBODY}`, `--regid=${NOBODY}`, "--clear-groups"] : []),
  ...["unshare", "--user", "--map-root-user", "--mount"],
];

function missing(): string | undefined {
  const works = (...more: string[]): boolean =>
    spawnSync(COMMAND[0]!, [...COMMAND.slice(1), ...more], { stdio: "ignore", cwd: "/" }).status === 0;
  if (!works("true")) return "user namespaces";
  return works(process.execPath, "--version") ? undefined : "a checkout that everybody may read";
}

requires({ checks: [missing], commands: ["python3"] }).describe(
  "in a user namespace of a single user",
  () => {
    const folder = temporaryFolder();
    afterAll(() => folder.remove());

    beforeAll(() => {
      const script = `
import io, sys, tarfile
def add(tar, name, data, uid, gid):
    info = tarfile.TarInfo(name)
    info.size, info.uid, info.gid = len(data), uid, gid
    tar.addfile(info, io.BytesIO(data))
with tarfile.open(sys.argv[1] + "/context.tar", "w") as tar:
    add(tar, "Dockerfile", b"FROM scratch\\nCOPY a /kept\\nCOPY --chown=0:0 a /roots\\n", 1000, 1000)
    add(tar, "a", b"hello", 1000, 50)
`;
      expect(spawnSync("python3", ["-c", script, folder.path]).status).toBe(0);
      mkdirSync(folder.join("context"));
      writeFileSync(folder.join("context/Dockerfile"), "FROM scratch\nADD context.tar /\n");
      writeFileSync(folder.join("context/then-run"), 'FROM scratch\nADD context.tar /\n\nRUN ["/a"]\n');
      spawnSync("cp", [folder.join("context.tar"), folder.join("context/")]);
      if (isRoot) chownSync(folder.path, NOBODY, NOBODY);
    });

    function slipway(args: readonly string[], input?: string) {
      const command = [
        ...COMMAND,
        process.execPath,
        LAUNCHER,
        "build",
        "--root",
        folder.join("root"),
        ...args,
      ];
      const redirected =
        input === undefined ? command : ["sh", "-c", `exec "$@" < ${input}`, "sh", ...command];
      const { status, stderr } = spawnSync(redirected[0]!, redirected.slice(1), {
        encoding: "utf8",
        env: { ...process.env, HOME: folder.path },
      });
      return { status, stderr };
    }

    function listed(archive: string): string[] {
      const { stdout } = spawnSync("tar", ["--numeric-owner", "-tvf", folder.join(archive)], {
        encoding: "utf8",
      });
      return stdout
        .trim()
        .split("\n")
        .map((line) => line.split(/\s+/))
        .map((words) => `${words[1]} ${words.at(-1)}`);
    }

    test("an archive is a context whoever its files belong to, and the image has their owners", () => {
      const result = slipway(
        ["-o", `type=tar,dest=${folder.join("out.tar")}`, "-"],
        folder.join("context.tar"),
      );
      expect(result, result.stderr).toMatchObject({ status: 0 });
      expect(listed("out.tar")).toEqual(["1000/50 kept", "0/0 roots"]);
    });

    test("ADD keeps owners; a step that has to see them is refused with its line", () => {
      const added = slipway(["-o", `type=tar,dest=${folder.join("added.tar")}`, folder.join("context")]);
      expect(added, added.stderr).toMatchObject({ status: 0 });
      expect(listed("added.tar")).toEqual(["1000/1000 Dockerfile", "1000/50 a"]);
      const run = slipway(["-f", folder.join("context/then-run"), folder.join("context")]);
      expect(run.status).toBe(1);
      expect(run.stderr).toContain('   4 | >>> RUN ["/a"]\n');
      expect(run.stderr).toContain(
        'ERROR: "Dockerfile" belongs to user 1000 and group 1000, which this user namespace does not have\n' +
          "hint: Install uidmap",
      );
    });

    test("a folder gets the files without these owners, and that is said", () => {
      const result = slipway(["-o", `type=local,dest=${folder.join("out")}`, folder.join("context")]);
      expect(result, result.stderr).toMatchObject({ status: 0 });
      expect(result.stderr).toContain("EXPORT_OWNERS_DROPPED: 2 files and folders belong to you");
      expect(readdirSync(folder.join("out"))).toEqual(["Dockerfile", "a"]);
      expect(statSync(folder.join("out/a")).uid).toBe(isRoot ? NOBODY : process.getuid!());
    });
  },
);
