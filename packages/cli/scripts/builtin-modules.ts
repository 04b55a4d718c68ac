import { isBuiltin } from "node:module";
import type { Plugin } from "esbuild";

/** Names Node's own modules in one way, leaves them out of the bundle, and out of commander what it never uses. */
export const builtinModules: Plugin = {
  name: "builtin-modules",
  setup(build) {
    build.onResolve({ filter: /^(node:)?[a-z0-9_/]+$/ }, ({ path, importer, kind }) => {
      if (!isBuiltin(path)) return undefined;
      // CommonJS modules among our dependencies get the module itself, so that no `require` is left in the bundle.
      if (kind === "require-call") return { path, namespace: "builtin-commonjs" };
      // Commander starts programs for commands that are files of their own; there are none here.
      const isUnused = /[\\/]commander[\\/]lib[\\/]/.test(importer) && path === "node:child_process";
      if (isUnused) return { path, namespace: "builtin-unused" };
      return { path: path.replace(/^(?:node:)?/, "node:"), external: true };
    });
    build.onLoad({ filter: /./, namespace: "builtin-commonjs" }, ({ path }) => ({
      contents: `module.exports = process.getBuiltinModule(${JSON.stringify(path)});`,
    }));
    build.onLoad({ filter: /./, namespace: "builtin-unused" }, () => ({ contents: "export default {};" }));
  },
};

const NAME = /[\w$]+/.source;
const IMPORT = new RegExp(
  `(?<=^|[;}\\n])import\\s*(?:(${NAME})\\s*,?\\s*)?(?:\\*\\s*as\\s+(${NAME})|\\{([^}]*)\\})?\\s*(?:from\\s*)?"(node:[\\w/]+)";?`,
  "g",
);

/**
 * Takes Node's own modules by `process.getBuiltinModule` instead of `import`, in a module that esbuild has written. An
 * `import` of one makes Node read all of its exports, getters included, and those load what nobody asked for
 * (`util.parseArgs`, `process.report`, …): 5 to 8 ms for fs, util and process together, of a start that takes 50.
 * The statements move to the top, where imports are done as well.
 */
export function withoutBuiltinImports(code: string): string {
  const statements: string[] = [];
  const rest = code.replace(
    IMPORT,
    (_match, fallback?: string, namespace?: string, named?: string, path?: string) => {
      // Some module may import `process` itself.
      const module = `globalThis.process.getBuiltinModule("${path}")`;
      if (fallback) statements.push(`const ${fallback}=${module};`);
      if (namespace) statements.push(`const ${namespace}=${module};`);
      if (named) {
        const names = named
          .split(",")
          .filter((name) => name.trim() !== "")
          .map((name) => name.trim().replace(/^(.+) as (.+)$/, "$1:$2"));
        statements.push(`const{${names.join(",")}}=${module};`);
      }
      return "";
    },
  );
  if (/(?<=^|[;}\n])import[^("]*"node:/.test(rest)) throw new Error("an import of a builtin module is left");
  return statements.join("") + rest;
}
