// Makes packages/cli/dist: the whole of slipway as a few ES modules, flat in one folder, so that the published package
// needs no other @slipway package and starts fast. What is imported with `await import()` is evaluated when it is asked
// for, but lies in the same file: resolving and linking forty chunks took longer than reading one file does.
import { globSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import { build, type Plugin } from "esbuild";
import { builtinModules } from "./builtin-modules.ts";

const packageFolder = path.dirname(import.meta.dirname);
const workspace = path.resolve(packageFolder, "../..");
const languageServer = path.join(workspace, "packages/language-server/src/");
/** Tests make theirs elsewhere: `node scripts/bundle.ts FOLDER`. */
const outdir = path.resolve(process.argv[2] ?? path.join(packageFolder, "dist"));

/** All but the start: `main` stays so small that asking for the version loads next to nothing. */
const COMMAND_LINE = "command-line";

/** Chevrotain and what is over it: a fifth of the code, for files that were never parsed before. */
const DOCKERFILE_PARSER = "dockerfile-parser";

/** The rules: for files that were never checked before. */
const DOCKERFILE_LINT = "dockerfile-lint";

/** What tools on build files use, with a parser of its own. */
const DOCKERFILE_LANGUAGE = "dockerfile-language";

/** The language server and the protocol's library: nothing that a build needs. */
const LANGUAGE_SERVER = "language-server";

/** A parser of YAML, for machines that describe devices in it. */
const YAML_PARSER = "yaml-parser";

/** Modules that are files of their own, by the import that loads them: what the importer's path ends with. */
const APART: readonly { readonly importer: string; readonly path: string; readonly entry: string }[] = [
  { importer: "cli/src/main.ts", path: `./${COMMAND_LINE}.ts`, entry: COMMAND_LINE },
  { importer: "dockerfile/src/syntax/remembering-parser.ts", path: "./parser.ts", entry: DOCKERFILE_PARSER },
  { importer: "dockerfile/src/index.ts", path: "./syntax/parser.ts", entry: DOCKERFILE_PARSER },
  { importer: "dockerfile/src/lint/remembering-lint.ts", path: "./lint-build.ts", entry: DOCKERFILE_LINT },
  { importer: "dockerfile/src/lint/answer-lint.ts", path: "./lint-build.ts", entry: DOCKERFILE_LINT },
  {
    importer: "cli/src/commands/check.ts",
    path: "@slipway/frontend-dockerfile/language",
    entry: DOCKERFILE_LANGUAGE,
  },
  {
    importer: "cli/src/commands/fmt.ts",
    path: "@slipway/frontend-dockerfile/language",
    entry: DOCKERFILE_LANGUAGE,
  },
  { importer: "sandbox/src/cdi/device-spec.ts", path: "./parse-yaml.ts", entry: YAML_PARSER },
  { importer: "cli/src/commands/lsp.ts", path: "@slipway/language-server", entry: LANGUAGE_SERVER },
];

const modulesApart: Plugin = {
  name: "modules-apart",
  setup({ onResolve }) {
    onResolve(
      { filter: /^(?:\.\/.*\.ts|@slipway\/.*)$/, namespace: "file" },
      ({ importer, path: imported, kind }) => {
        // The language server is a file of its own, and takes the tools from theirs.
        if (imported === "@slipway/frontend-dockerfile/language" && importer.startsWith(languageServer))
          return { path: `./${DOCKERFILE_LANGUAGE}.js`, external: true };
        const found = APART.find((each) => importer.endsWith(each.importer) && imported === each.path);
        return found && kind === "dynamic-import"
          ? { path: `./${found.entry}.js`, external: true }
          : undefined;
      },
    );
  },
};

/** Native code can't be bundled; its package is the only dependency that is left. */
const EXTERNAL = ["koffi"];

/**
 * Files that are started as workers or processes by their path, beside the module that starts them. Found by their
 * names, so that a new one needs no entry here; the names are unique in the repository.
 */
function entryFiles(): Map<string, string> {
  const entries = new Map([
    ["main", path.join(packageFolder, "src/main.ts")],
    [COMMAND_LINE, path.join(packageFolder, `src/${COMMAND_LINE}.ts`)],
    [DOCKERFILE_PARSER, path.join(workspace, "frontends/dockerfile/src/syntax/parser.ts")],
    [DOCKERFILE_LINT, path.join(workspace, "frontends/dockerfile/src/lint/lint-build.ts")],
    [DOCKERFILE_LANGUAGE, path.join(workspace, "frontends/dockerfile/src/language.ts")],
    [YAML_PARSER, path.join(workspace, "packages/sandbox/src/cdi/parse-yaml.ts")],
    [LANGUAGE_SERVER, path.join(workspace, "packages/language-server/src/index.ts")],
  ]);
  const patterns = ["packages", "frontends"].map((folder) => `${folder}/*/src/**/*{-worker,-stub}.ts`);
  for (const file of globSync(patterns, { cwd: workspace })) {
    const name = path.basename(file, ".ts");
    const other = entries.get(name);
    if (other !== undefined) throw new Error(`two entry files are called ${name}: ${other} and ${file}`);
    entries.set(name, path.join(workspace, file));
  }
  return entries;
}

mkdirSync(outdir, { recursive: true });
// An entry that is no more must not stay.
for (const name of readdirSync(outdir))
  if (/\.(js|js\.map|d\.ts)$/.test(name)) rmSync(path.join(outdir, name));

const entries = entryFiles();
const result = await build({
  absWorkingDir: workspace,
  entryPoints: Object.fromEntries(entries),
  outdir,
  entryNames: "[name]",
  bundle: true,
  format: "esm",
  platform: "node",
  target: "node24",
  // `module`: where a package has both, the form that is not wrapped for browsers and asks for no require().
  conditions: ["slipway-source", "module"],
  mainFields: ["module", "main"],
  external: EXTERNAL,
  // Names stay readable in stack traces that people send us.
  minifySyntax: true,
  minifyWhitespace: true,
  keepNames: false,
  legalComments: "none",
  plugins: [modulesApart, builtinModules],
  metafile: true,
  write: false,
  logLevel: "warning",
});

for (const file of result.outputFiles) {
  // esbuild's stand-in throws when it is called; whoever needs a real one has to be looked at.
  if (file.text.includes("Dynamic require of")) {
    throw new Error(`${file.path} calls require() for something that is not bundled`);
  }
  // One letter beyond makes V8 keep the whole text with two bytes for each. esbuild escapes them, but in regular expressions.
  const foreign = /[^\0-\x7f]/.exec(file.text);
  if (foreign !== null) {
    const around = file.text.slice(Math.max(0, foreign.index - 40), foreign.index + 40);
    throw new Error(`${file.path} is not ASCII: write \\u escapes in ${around}`);
  }
  writeFileSync(file.path, file.text);
}
const sizes = Object.entries(result.metafile.outputs).map(([file, output]) => ({
  name: path.basename(file),
  bytes: output.bytes,
  output,
}));
const kilobytes = (bytes: number): string => `${(bytes / 1000).toFixed(0)} kB`;
console.log(
  `${sizes.length} files, ${kilobytes(sizes.reduce((sum, { bytes }) => sum + bytes, 0))}; entries: ${[...entries.keys()].join(", ")}`,
);
if (statSync(path.join(outdir, "main.js")).size > 20_000)
  throw new Error("main.js is over 20 kB: something heavy is imported statically");
