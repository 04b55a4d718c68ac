export { describeSandbox, type SandboxFixtures } from "./describe-sandbox.ts";
export {
  makeFixtureRoot,
  missingForFixtures,
  runToEnd,
  type FixtureRoot,
  type Outcome,
  type SpecChanges,
} from "./fixture-root.ts";
export { runSpecFromStdin } from "./run-spec-from-stdin.ts";
