import { existsSync, globSync, readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { runCommand } from "./run-command.ts";

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly private?: boolean;
  readonly description?: string;
  readonly license?: string;
  readonly type?: string;
  readonly engines?: Record<string, string>;
  readonly files?: readonly string[];
  readonly repository?: { readonly type: string; readonly url: string; readonly directory: string };
  readonly exports?: Record<string, string | Record<string, string>>;
  readonly bin?: Record<string, string>;
  readonly scripts?: Record<string, string>;
  readonly dependencies?: Record<string, string>;
  readonly devDependencies?: Record<string, string>;
  readonly nx?: { readonly tags?: readonly string[] };
}

const workspace = path.resolve(import.meta.dirname, "../../..");
const LICENSE = readFileSync(path.join(workspace, "LICENSE"), "utf8");

const read = (folder: string): Manifest =>
  JSON.parse(readFileSync(path.join(workspace, folder, "package.json"), "utf8")) as Manifest;
const folders = (pattern: string): string[] =>
  globSync(`${pattern}/package.json`, { cwd: workspace }).map((file) => path.dirname(file));

const published = [...folders("packages/*"), ...folders("frontends/*")].sort();
const everything = [...published, ...folders("tools/*"), "e2e"].sort();
const versions = new Map(everything.map((folder) => [read(folder).name, read(folder).version]));

/** A package that is published as a bundle carries what it imports, so that development dependencies do. */
const isBundled = (manifest: Manifest): boolean => /bundle/.test(manifest.scripts?.["build"] ?? "");

/** Import and export declarations with a module, and `import("…")`. */
const IMPORTS = /^(?:import|export)\b[^";]*?\bfrom "([^"]+)"|\bimport\("([^"]+)"\)/gm;

describe.each(everything)("%s", (folder) => {
  const manifest = read(folder);

  test("is an ES module with a name, a description and the licence", () => {
    expect(manifest.name).toMatch(/^@slipway\/[a-z0-9-]+$/);
    expect(manifest.description).toMatch(/^.{10,200}[^.]$/);
    expect(manifest).toMatchObject({ license: "Apache-2.0", type: "module" });
  });

  test("has one layer tag and one runtime tag", () => {
    const tags = manifest.nx?.tags ?? [];
    const layer = published.includes(folder)
      ? /^layer:(model|ir|sdk|solver|parts|app|frontend)$/
      : /^layer:tool$/;
    expect(tags.filter((tag) => layer.test(tag))).toHaveLength(1);
    expect(tags.filter((tag) => /^runtime:(pure|node|linux)$/.test(tag))).toHaveLength(1);
    expect(tags).toHaveLength(2);
  });

  test("runs no script when somebody installs it", () => {
    for (const name of ["preinstall", "install", "postinstall", "prepare"]) {
      expect(manifest.scripts ?? {}).not.toHaveProperty(name);
    }
  });

  test("asks for the versions that its neighbours have", () => {
    for (const [name, range] of Object.entries({ ...manifest.dependencies, ...manifest.devDependencies })) {
      if (!name.startsWith("@slipway/")) continue;
      expect(versions.has(name), `${name} exists`).toBe(true);
      if (!published.includes(folder) || name === "@slipway/testing") continue;
      expect(range).toBe(`^${versions.get(name)}`);
    }
  });
});

describe.each(published)("%s as a published package", (folder) => {
  const manifest = read(folder);

  test("says where it comes from and what it runs on", () => {
    expect(manifest.private).toBeUndefined();
    expect(manifest.engines).toEqual({ node: ">=24" });
    expect(manifest.repository).toEqual({
      type: "git",
      url: "git+https://github.com/slipway-build/slipway.git",
      directory: folder,
    });
  });

  test("exports its sources to this repository, and types before code to everybody else", () => {
    const { "./package.json": own, ...entries } = manifest.exports ?? {};
    expect(own).toBe("./package.json");
    expect(entries).toHaveProperty(".");
    for (const [name, entry] of Object.entries(entries)) {
      expect(Object.keys(entry), name).toEqual(["slipway-source", "types", "default"]);
      const source = (entry as Record<string, string>)["slipway-source"]!;
      expect(existsSync(path.join(workspace, folder, source)), source).toBe(true);
      const built = source.replace("./src/", "./dist/");
      const expected = isBundled(manifest)
        ? {
            types: expect.stringMatching(/^\.\/dist\/.+\.d\.ts$/) as unknown,
            default: expect.stringMatching(/^\.\/dist\/.+\.js$/) as unknown,
          }
        : { types: built.replace(/\.ts$/, ".d.ts"), default: built.replace(/\.ts$/, ".js") };
      expect(entry).toMatchObject(expected);
    }
  });

  test("has a README, a changelog for its version and the licence", () => {
    const text = (name: string): string => readFileSync(path.join(workspace, folder, name), "utf8");
    expect(text("README.md")).toContain(manifest.name);
    expect(text("CHANGELOG.md")).toMatch(
      new RegExp(`^## ${manifest.version.replaceAll(".", "\\.")}\\b`, "m"),
    );
    expect(text("LICENSE")).toBe(LICENSE);
  });

  test("depends on every package that its code imports, and on no tool", () => {
    const bundled = isBundled(manifest) ? manifest.devDependencies : {};
    const dependencies = Object.keys({ ...manifest.dependencies, ...bundled });
    expect(Object.keys(manifest.dependencies ?? {})).not.toContain("@slipway/testing");
    const missing = new Set<string>();
    for (const file of globSync("src/**/*.ts", { cwd: path.join(workspace, folder) })) {
      if (/\.test\.|^src\/(testing|testkit)\//.test(file)) continue;
      const text = readFileSync(path.join(workspace, folder, file), "utf8");
      for (const [, declared, dynamic] of text.matchAll(IMPORTS)) {
        const [, name] = /^((?:@[^/]+\/)?[^./][^/]*)/.exec(declared ?? dynamic ?? "") ?? [];
        if (name === undefined || name.startsWith("node:") || name === manifest.name) continue;
        if (!dependencies.includes(name)) missing.add(`${name} (in ${file})`);
      }
    }
    expect([...missing]).toEqual([]);
  });

  test("packs no tests, no sources and no build state", async () => {
    const { stdout } = await runCommand("npm", ["pack", "--dry-run", "--json", "--ignore-scripts"], {
      cwd: path.join(workspace, folder),
    });
    // npm 11 answers with a list, npm 12 with an object by name.
    const answer = JSON.parse(stdout) as
      { files: { path: string }[] }[] | Record<string, { files: { path: string }[] }>;
    const files = (Object.values(answer)[0]?.files ?? []).map((file) => file.path);
    expect(files).toContain("LICENSE");
    const allowed = /^(dist\/|bin\/|package\.json$|README\.md$|CHANGELOG\.md$|LICENSE$)/;
    expect(files.filter((file) => !allowed.test(file) || /\.test\.|tsbuildinfo|testdata/.test(file))).toEqual(
      [],
    );
  });
});
