import { createNamespacesDriver } from "../drivers/namespaces-driver.ts";
import { runSpecFromStdin } from "./run-spec-from-stdin.ts";

await runSpecFromStdin(createNamespacesDriver({ stateDir: process.argv[2]! }));
