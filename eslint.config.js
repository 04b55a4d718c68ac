import js from "@eslint/js";
import nx from "@nx/eslint-plugin";
import prettier from "eslint-config-prettier";
import tseslint from "typescript-eslint";

/** Layers from the bottom up; code imports its own layer and those below. */
const LAYERS = ["layer:model", "layer:ir", "layer:sdk", "layer:solver", "layer:parts", "layer:app"];

const upTo = (layer) => LAYERS.slice(0, LAYERS.indexOf(layer) + 1);

const layerConstraints = [
  ...LAYERS.map((layer) => ({ sourceTag: layer, onlyDependOnLibsWithTags: upTo(layer) })),
  { sourceTag: "layer:frontend", onlyDependOnLibsWithTags: upTo("layer:sdk") },
  { sourceTag: "layer:tool", onlyDependOnLibsWithTags: ["*"] },
];
// The one place that puts concrete parts together also picks the frontends that come with Slipway.
layerConstraints
  .find(({ sourceTag }) => sourceTag === "layer:app")
  .onlyDependOnLibsWithTags.push("layer:frontend");

const runtimeConstraints = [
  { sourceTag: "runtime:pure", onlyDependOnLibsWithTags: ["runtime:pure"] },
  { sourceTag: "runtime:node", onlyDependOnLibsWithTags: ["runtime:pure", "runtime:node"] },
  { sourceTag: "runtime:linux", onlyDependOnLibsWithTags: ["*"] },
];

const boundaries = (depConstraints, options = { enforceBuildableLibDependency: true }) => ({
  "@nx/enforce-module-boundaries": [
    "error",
    {
      ...options,
      allow: [],
      depConstraints,
      // Types are imported statically from packages whose code is loaded when it is needed.
      checkDynamicDependenciesExceptions: [".*"],
    },
  ],
});

const NO_DEFAULT_EXPORT = {
  selector: "ExportDefaultDeclaration",
  message: "Named exports only: they keep one name everywhere.",
};
const NODE_ONLY = {
  regex:
    "^(node:)?(child_process|cluster|dgram|fs|http|http2|https|net|os|readline|sqlite|tls|worker_threads)(/.*)?$",
  message: "This package is runtime:pure: it does no I/O but through the contracts.",
};
const LINUX_ONLY = {
  regex: "^((node:)?child_process|koffi)$",
  message: "Processes and system calls belong to packages tagged runtime:linux.",
};

/** Forbids modules, whether they are imported by a declaration or by `await import()`. */
const restrict = (...modules) => ({
  "no-restricted-imports": ["error", { patterns: modules }],
  "no-restricted-syntax": [
    "error",
    NO_DEFAULT_EXPORT,
    ...modules.map(({ regex, message }) => ({
      selector: `ImportExpression[source.value=/${regex.replaceAll("/", "\\/")}/]`,
      message,
    })),
  ],
});

export default tseslint.config(
  {
    ignores: [
      "**/dist/**",
      "**/node_modules/**",
      "**/testdata/**",
      "**/fixtures/**",
      ".nx/**",
      "**/src/gen/**",
    ],
  },
  js.configs.recommended,
  tseslint.configs.recommended,
  prettier,
  {
    files: ["**/*.ts", "**/*.js"],
    plugins: { "@nx": nx },
    rules: {
      ...boundaries([...layerConstraints, ...runtimeConstraints]),
      "no-restricted-syntax": ["error", NO_DEFAULT_EXPORT],
      eqeqeq: ["error", "always"],
      "no-useless-assignment": "off",
      // Terminals are spoken to in control characters.
      "no-control-regex": "off",
      // tsc knows the globals of Node; the few plain JavaScript files run on it too.
      "no-undef": "off",
    },
  },
  {
    files: ["**/src/**/*.ts"],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      "@typescript-eslint/no-floating-promises": "error",
      "@typescript-eslint/no-misused-promises": ["error", { checksVoidReturn: { attributes: false } }],
      "@typescript-eslint/switch-exhaustiveness-check": [
        "error",
        { considerDefaultExhaustiveForUnions: true },
      ],
      "@typescript-eslint/consistent-type-imports": [
        "error",
        { fixStyle: "separate-type-imports", disallowTypeAnnotations: false },
      ],
      "@typescript-eslint/no-unused-vars": [
        "error",
        { argsIgnorePattern: "^_", varsIgnorePattern: "^_", caughtErrors: "none" },
      ],
      "@typescript-eslint/no-non-null-assertion": "off",
    },
  },
  {
    files: ["packages/{oci,ir,frontend-sdk,engine-sdk,solver}/src/**/*.ts", "frontends/*/src/**/*.ts"],
    rules: restrict(NODE_ONLY, LINUX_ONLY),
  },
  {
    files: ["packages/registry/src/**/*.ts"],
    rules: restrict(LINUX_ONLY),
  },
  {
    // Docker's credential helpers are programs: this file runs `docker-credential-*`, and nothing else here runs any.
    files: ["packages/registry/src/auth/credential-helper.ts"],
    rules: { "no-restricted-imports": "off", "no-restricted-syntax": ["error", NO_DEFAULT_EXPORT] },
  },
  {
    // Tests look at the code from outside: they may use the repository's tools, real files and real processes.
    files: ["**/*.test.ts", "**/*.test.fixture.ts", "**/*.test.helper.ts", "**/src/testing/**/*.ts"],
    rules: {
      ...boundaries([{ sourceTag: "*", onlyDependOnLibsWithTags: ["*"] }], {}),
      "no-restricted-imports": "off",
      "no-restricted-syntax": ["error", NO_DEFAULT_EXPORT],
      "@typescript-eslint/no-explicit-any": "off",
      "@typescript-eslint/no-misused-promises": "off",
    },
  },
  {
    // Tools read these files by their default export.
    files: ["eslint.config.js", "**/*.config.ts"],
    rules: { "no-restricted-syntax": "off", "@nx/enforce-module-boundaries": "off" },
  },
);
