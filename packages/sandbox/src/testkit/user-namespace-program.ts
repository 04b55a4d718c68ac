import { chooseSandbox } from "../choice/choose-sandbox.ts";
import { enterUserNamespace } from "../user-namespace.ts";
import { runSpecFromStdin } from "./run-spec-from-stdin.ts";

enterUserNamespace();
const preferred = process.argv[3] as "oci" | "namespaces";
const { driver } = await chooseSandbox({
  stateDir: process.argv[2]!,
  signal: new AbortController().signal,
  preferred,
});
await runSpecFromStdin(driver);
