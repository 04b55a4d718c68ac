import { isBuiltin } from "node:module";
import type { Plugin } from "esbuild";

/**
 * Takes Node's own modules by `process.getBuiltinModule`, each when the first module that imports it is evaluated.
 *
 * An `import` in the bundle would be done before everything else, needed or not, and makes Node read all exports of the
 * module, getters included, which load what nobody asked for (undici, `util.parseArgs`, …). Together that is 15 ms of
 * a cached build that takes 100.
 */
export const builtinModules: Plugin = {
  name: "builtin-modules",
  setup(build) {
    build.onResolve({ filter: /^(node:)?[a-z0-9_/]+$/ }, ({ path, importer, kind }) => {
      if (!isBuiltin(path)) return undefined;
      const name = path.replace(/^(?:node:)?/, "node:");
      // CommonJS modules among our dependencies get the module itself, so that no `require` is left in the bundle.
      if (kind === "require-call") return { path: name, namespace: "builtin-commonjs" };
      // Commander starts programs for commands that are files of their own; there are none here.
      const isUnused = /[\\/]commander[\\/]lib[\\/]/.test(importer) && name === "node:child_process";
      if (isUnused) return { path: name, namespace: "builtin-unused" };
      // What is imported as a whole can only be Node's own namespace object.
      if (kind === "dynamic-import") return { path: name, external: true };
      return { path: name, namespace: "builtin-module" };
    });
    build.onLoad({ filter: /./, namespace: "builtin-commonjs" }, ({ path }) => ({
      contents: `module.exports = globalThis.process.getBuiltinModule(${JSON.stringify(path)});`,
    }));
    build.onLoad({ filter: /./, namespace: "builtin-module" }, ({ path }) => ({
      contents: moduleText(path),
    }));
    build.onLoad({ filter: /./, namespace: "builtin-unused" }, () => ({ contents: "export default {};" }));
  },
};

/** A module with the exports of one of Node's; those that nobody imports are pure, so that esbuild drops them. */
function moduleText(path: string): string {
  const exports = Object.keys(process.getBuiltinModule(path) as object).filter((name) =>
    /^[A-Za-z_$][\w$]*$/.test(name),
  );
  return [
    `const module = /* @__PURE__ */ globalThis.process.getBuiltinModule(${JSON.stringify(path)});`,
    "const pick = (name) => module[name];",
    "export default module;",
    ...exports
      .filter((name) => name !== "default")
      .map((name) => `const $${name} = /* @__PURE__ */ pick("${name}"); export { $${name} as ${name} };`),
  ].join("\n");
}
