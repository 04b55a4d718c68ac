import { spawn, type ChildProcess } from "node:child_process";
import type { SandboxDriver, SandboxSpec } from "@slipway/engine-sdk";
import type { SandboxFixtures } from "./sandbox-fixtures.ts";
import { encodeSpec } from "../stub-protocol.ts";
import { runToEnd, type FixtureRoot, type Outcome, type SpecChanges } from "./fixture-root.ts";

/** What the cases of the suite work with. */
export interface SuiteContext {
  readonly fixtures: SandboxFixtures;
  /** Inside of tests only. */
  readonly root: FixtureRoot;
  /** Inside of tests only. */
  readonly driver: SandboxDriver;
  readonly success: { readonly kind: "exited"; readonly code: 0 };
  readonly asUser: { readonly uid: number; readonly gid: number; readonly additionalGids: readonly number[] };
  run(args: readonly string[], changes?: SpecChanges): Promise<Outcome>;
  shell(script: string, changes?: SpecChanges): Promise<Outcome>;
  /** Starts the fixtures' program with a spec. */
  start(spec: SandboxSpec, options?: StartOptions): ChildProcess;
  /** The last line that a program says, when it has ended. */
  lastLine(program: ChildProcess): Promise<string>;
}

export interface StartOptions {
  /** A cgroup's folder to start it in. */
  readonly cgroup?: string;
  readonly stateDir?: string;
  readonly arguments?: readonly string[];
}

/** @param current what the running test suite has set up. */
export function suiteContext(
  fixtures: SandboxFixtures,
  current: () => { readonly root: FixtureRoot; readonly driver: SandboxDriver },
): SuiteContext {
  const context: SuiteContext = {
    fixtures,
    get root() {
      return current().root;
    },
    get driver() {
      return current().driver;
    },
    success: { kind: "exited", code: 0 },
    asUser: { uid: 1000, gid: 1001, additionalGids: [1002, 1003] },
    run: (args, changes) => runToEnd(context.driver, context.root.spec(args, changes)),
    shell: (script, changes) => context.run(["sh", "-c", script], changes),
    start(spec, { cgroup, stateDir = context.root.stateDir, arguments: extra = [] } = {}) {
      const node = [process.execPath, ...(fixtures.execArgv ?? []), fixtures.program.pathname, stateDir];
      node.push(...(fixtures.programArgs ?? []), ...extra);
      const enter = 'echo $$ > "$0"/cgroup.procs && exec "$@"';
      const [file, ...args] = cgroup === undefined ? node : ["sh", "-c", enter, cgroup, ...node];
      const child = spawn(file!, args, { stdio: ["pipe", "pipe", "inherit"] });
      child.stdin!.end(encodeSpec(spec));
      return child;
    },
    async lastLine(program) {
      let text = "";
      program.stdout!.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
      await new Promise((resolve) => program.on("close", resolve));
      return text.trim().split("\n").at(-1)!;
    },
  };
  return context;
}
