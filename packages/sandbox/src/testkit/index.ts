export { describeSandbox } from "./describe-sandbox.ts";
export type { SandboxFixtures } from "./sandbox-fixtures.ts";
export {
  makeFixtureRoot,
  missingForFixtures,
  runToEnd,
  type FixtureRoot,
  type Outcome,
  type SpecChanges,
} from "./fixture-root.ts";
export { runSpecFromStdin } from "./run-spec-from-stdin.ts";
