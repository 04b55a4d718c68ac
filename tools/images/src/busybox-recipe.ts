import { chmodSync, copyFileSync, mkdirSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import { findCommand, runCommand } from "@slipway/testing/fixtures";
import { packFolder } from "./pack-folder.ts";
import { DEFAULT_PATH, type Recipe } from "./recipe.ts";

/** Debian's busybox-static with a link for each of its programs: 2 MB, one layer. */
export const busyboxRecipe: Recipe = {
  name: "busybox",
  requirements: { commands: ["busybox", "tar", "ldd"] },
  async key() {
    const { size, mtimeMs } = statSync(busybox());
    return `1 ${size} ${mtimeMs}`;
  },
  async make(workdir) {
    const root = path.join(workdir, "root");
    for (const folder of ["bin", "etc", "home", "root", "tmp", "var/tmp", "proc", "sys", "dev"]) {
      mkdirSync(path.join(root, folder), { recursive: true });
    }
    for (const folder of ["tmp", "var/tmp"]) chmodSync(path.join(root, folder), 0o1777);
    chmodSync(path.join(root, "root"), 0o700);
    await checkStatic(busybox());
    copyFileSync(busybox(), path.join(root, "bin/busybox"));
    chmodSync(path.join(root, "bin/busybox"), 0o755);
    const { stdout } = await runCommand(busybox(), ["--list-full"]);
    for (const applet of stdout.split("\n").filter((line) => line !== "" && line !== "bin/busybox")) {
      mkdirSync(path.join(root, path.dirname(applet)), { recursive: true });
      symlinkSync("/bin/busybox", path.join(root, applet));
    }
    writeFileSync(
      path.join(root, "etc/passwd"),
      "root:x:0:0:root:/root:/bin/sh\ndaemon:x:1:1:daemon:/usr/sbin:/bin/false\nnobody:x:65534:65534:nobody:/home:/bin/false\n",
    );
    writeFileSync(path.join(root, "etc/group"), "root:x:0:\ndaemon:x:1:\nusers:x:100:\nnogroup:x:65534:\n");
    const tar = path.join(workdir, "busybox.tar");
    await packFolder(root, tar);
    return { layerTars: [tar], config: { env: [DEFAULT_PATH], cmd: ["sh"] } };
  },
};

function busybox(): string {
  const found = findCommand("busybox");
  if (found === undefined) throw new Error("busybox is not on PATH: apt-get install busybox-static");
  return found;
}

async function checkStatic(program: string): Promise<void> {
  const { code, stdout, stderr } = await runCommand("ldd", [program], { allowFailure: true });
  if (code === 0 && !/statically linked/.test(stdout + stderr)) {
    throw new Error(`${program} needs shared libraries: apt-get install busybox-static`);
  }
}
