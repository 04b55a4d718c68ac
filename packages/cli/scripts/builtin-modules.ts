import { isBuiltin } from "node:module";
import type { Plugin } from "esbuild";

/**
 * Takes Node's own modules through `process.getBuiltinModule` instead of `import`. An `import` of one makes Node read
 * all of its exports, getters included, and those load what nobody asked for (`fs.promises`, `util.parseArgs`,
 * `process.report`, …): about 8 ms for fs, util and process together, of a start that takes 50.
 */
export const builtinModules: Plugin = {
  name: "builtin-modules",
  setup(build) {
    build.onResolve({ filter: /^(node:)?[a-z0-9_/]+$/ }, ({ path, importer, kind }) => {
      if (!isBuiltin(path)) return undefined;
      // CommonJS modules among our dependencies get the module itself, so that no `require` is left in the bundle.
      if (kind === "require-call") return { path, namespace: "builtin-commonjs" };
      // Commander starts programs for commands that are files of their own; there are none here.
      const isUnused = /[\\/]commander[\\/]lib[\\/]/.test(importer) && path === "node:child_process";
      return { path: isUnused ? "unused" : path, namespace: "builtin", sideEffects: false };
    });
    build.onLoad({ filter: /./, namespace: "builtin-commonjs" }, ({ path }) => ({
      contents: `module.exports = process.getBuiltinModule(${JSON.stringify(path)});`,
    }));
    build.onLoad({ filter: /./, namespace: "builtin" }, ({ path }) => {
      if (path === "unused") return { contents: "export default {};" };
      const module = process.getBuiltinModule(path) as object;
      const names = Object.keys(module).filter(
        (name) => name !== "default" && /^[A-Za-z_$][\w$]*$/.test(name),
      );
      // Marked as pure, so that only what somebody imports is read.
      const exports = names.map(
        (name) => `const ${name}_ = /* @__PURE__ */ read("${name}"); export { ${name}_ as ${name} };`,
      );
      return {
        contents: [
          `const builtin = /* @__PURE__ */ process.getBuiltinModule(${JSON.stringify(path)});`,
          "const read = (name) => builtin[name];",
          "export default builtin;",
          ...exports,
        ].join("\n"),
      };
    });
  },
};
