// Everything that does not need vitest around it, for programs other than tests.
export { freePort } from "./free-port.ts";
export { processesWith } from "./processes.ts";
export { startRegistry, type RegistryOptions, type RegistryServer } from "./registry-server.ts";
export { findCommand, missingRequirement, type Requirements } from "./requirements.ts";
export { runCommand, type CommandResult, type RunOptions } from "./run-command.ts";
export { temporaryFolder, type TemporaryFolder } from "./temporary-folder.ts";
export { parseTotals, sumTotals, totalsLine, type SkippedTest, type Totals } from "./totals.ts";
export { createGitBackend, type GitExchange } from "./git-backend.ts";
