import { globSync, mkdirSync, readdirSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { runCommand, temporaryFolder } from "@slipway/testing";
import { WORKSPACE } from "./harness/slipway.ts";

const FOLDERS = ["packages/*", "frontends/*"]
  .flatMap((pattern) => globSync(pattern, { cwd: WORKSPACE }))
  .sort();

test(
  "the packed packages, installed into an empty folder, build an image",
  { timeout: 420_000 },
  async () => {
    using folder = temporaryFolder();
    const tarballs = folder.join("tarballs");
    mkdirSync(tarballs);
    // Built anew: what is published comes out of the sources as they are now, not of an old dist folder.
    await runCommand("npx", ["nx", "run-many", "-t", "build", "--output-style=static"], {
      cwd: WORKSPACE,
      env: { NX_DAEMON: "false", NX_TUI: "false" },
    });
    await runCommand(
      "npm",
      ["pack", "--ignore-scripts", "--pack-destination", tarballs, ...FOLDERS.map((name) => `./${name}`)],
      {
        cwd: WORKSPACE,
      },
    );
    const packed = readdirSync(tarballs).map((name) => path.join(tarballs, name));
    expect(packed).toHaveLength(FOLDERS.length);
    for (const tarball of packed) {
      const names = (await runCommand("tar", ["-tzf", tarball])).stdout.split("\n");
      expect(names).toContain("package/LICENSE");
      expect(names.filter((name) => /\.test\.|testdata|\.tsbuildinfo|package\/src\//.test(name))).toEqual([]);
    }

    const empty = folder.join("empty");
    mkdirSync(empty);
    writeFileSync(path.join(empty, "package.json"), `{ "private": true }`);
    await runCommand(
      "npm",
      ["install", "--no-audit", "--no-fund", "--ignore-scripts", "--prefer-offline", ...packed],
      {
        cwd: empty,
      },
    );
    const env = { SLIPWAY_ROOT: folder.join("root"), NODE_OPTIONS: undefined };
    const archive = path.join(empty, "quickstart.tar");
    await runCommand(
      path.join(empty, "node_modules/.bin/slipway"),
      ["build", path.join(WORKSPACE, "examples/quickstart"), "-o", `type=oci,dest=${archive}`],
      { cwd: empty, env },
    );
    expect(statSync(archive).size).toBeGreaterThan(2000);

    // The packages as a library, with the types that they carry.
    writeFileSync(
      path.join(empty, "use.mjs"),
      `import { createEngine } from "@slipway/engine";
     const engine = await createEngine({ root: ${JSON.stringify(folder.join("root"))} });
     const report = await engine.doctor(new AbortController().signal);
     console.log("doctor", report.root, report.version);
     await engine.close();`,
    );
    const { stdout } = await runCommand(process.execPath, ["use.mjs"], { cwd: empty, env });
    expect(stdout).toContain(`doctor ${folder.join("root")}`);
    writeFileSync(
      path.join(empty, "use.mts"),
      `import { createEngine, type Engine } from "@slipway/engine";
     import { image } from "@slipway/ir";
     export const engine: Promise<Engine> = createEngine({ root: "/r" });
     export const state = image("busybox").run(["true"]).root;\n`,
    );
    await runCommand(
      path.join(WORKSPACE, "node_modules/.bin/tsc"),
      [
        "--noEmit",
        "--strict",
        "--target",
        "es2024",
        "--lib",
        "es2024,esnext.disposable",
        "--module",
        "nodenext",
        "--types",
        "node",
      ].concat(["--typeRoots", path.join(WORKSPACE, "node_modules/@types"), "--skipLibCheck", "use.mts"]),
      { cwd: empty },
    );
  },
);
