import { copyFileSync, existsSync, mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { runCommand } from "@slipway/testing/fixtures";
import { aptSettings } from "./apt-settings.ts";
import { packFolder } from "./pack-folder.ts";
import { DEFAULT_PATH, type Recipe } from "./recipe.ts";

export const CA_BUNDLE = "/etc/ssl/certs/ca-certificates.crt";

/** Debian bookworm, as small as apt allows, in which `apt-get update` works where it works on this machine. */
export const debianRecipe: Recipe = {
  name: "debian",
  requirements: { root: true, commands: ["mmdebstrap", "apt-get", "tar"] },
  async key() {
    const { sources, config } = await aptSettings();
    return ["1", ...sources, ...config].join("\n");
  },
  async make(workdir) {
    const { sources, config } = await aptSettings();
    const base = path.join(workdir, "debian.tar");
    const sourcesList = path.join(workdir, "sources.list");
    writeFileSync(sourcesList, sources.map((line) => `${line}\n`).join(""));
    await runCommand(
      "mmdebstrap",
      [
        ...["--variant=minbase", "--mode=root", "--format=tar"],
        ...config.map((line) => `--aptopt=${line}`),
        // Nobody reads manuals inside of a test's base image.
        ...["--dpkgopt=path-exclude=/usr/share/man/*", "--dpkgopt=path-exclude=/usr/share/locale/*"],
        ...["--dpkgopt=path-exclude=/usr/share/doc/*"],
        ...["bookworm", base, sourcesList],
      ],
      { env: { SOURCE_DATE_EPOCH: "1735689600" } },
    );
    const settings = path.join(workdir, "settings");
    mkdirSync(path.join(settings, "etc/apt/apt.conf.d"), { recursive: true });
    mkdirSync(path.join(settings, path.dirname(CA_BUNDLE)), { recursive: true });
    writeFileSync(
      path.join(settings, "etc/apt/apt.conf.d/99machine"),
      config.map((line) => `${line}\n`).join(""),
    );
    if (existsSync(CA_BUNDLE)) copyFileSync(CA_BUNDLE, path.join(settings, CA_BUNDLE));
    const settingsTar = path.join(workdir, "settings.tar");
    await packFolder(settings, settingsTar);
    return { layerTars: [base, settingsTar], config: { env: [DEFAULT_PATH], cmd: ["bash"] } };
  },
};
