import type { SubrequestAnswer } from "./subrequest-answer.ts";

interface SubrequestDescription {
  readonly name: string;
  readonly version: string;
  readonly type: "rpc";
  readonly description: string;
  readonly opts?: readonly { readonly name: string; readonly description: string }[];
  readonly metadata: readonly { readonly name: string }[];
}

const RESULTS = [{ name: "result.json" }, { name: "result.txt" }];
const TARGET = [{ name: "target", description: "Stage to ask about, instead of the last" }];

const SUBREQUESTS: readonly SubrequestDescription[] = [
  {
    name: "frontend.outline",
    version: "1.0.0",
    type: "rpc",
    description: "List all parameters current build target supports",
    opts: TARGET,
    metadata: RESULTS,
  },
  {
    name: "frontend.targets",
    version: "1.0.0",
    type: "rpc",
    description: "List all targets current build supports",
    metadata: RESULTS,
  },
  {
    name: "frontend.lint",
    version: "1.0.0",
    type: "rpc",
    description: "Lint a Dockerfile",
    opts: TARGET,
    metadata: [...RESULTS, { name: "result.statuscode" }],
  },
  {
    name: "frontend.subrequests.describe",
    version: "1.0.0",
    type: "rpc",
    description: "List available subrequest types",
    metadata: RESULTS,
  },
];

/** Answers `frontend.subrequests.describe`: which questions this frontend answers, as BuildKit lists them. */
export function describeSubrequests(): SubrequestAnswer {
  const rows = [
    ["NAME", "VERSION", "DESCRIPTION"],
    ...SUBREQUESTS.map(({ name, version, description }) => [
      name.replace(/^frontend\./, ""),
      version,
      description,
    ]),
  ];
  const widths = [0, 1].map((column) => Math.max(...rows.map((row) => row[column]!.length)));
  const text = rows.map(
    ([name, version, description]) =>
      `${name!.padEnd(widths[0]!)} ${version!.padEnd(widths[1]!)} ${description}\n`,
  );
  return {
    "result.json": Buffer.from(JSON.stringify(SUBREQUESTS), "utf8"),
    "result.txt": Buffer.from(text.join(""), "utf8"),
    version: Buffer.from("1.0.0", "utf8"),
  };
}
