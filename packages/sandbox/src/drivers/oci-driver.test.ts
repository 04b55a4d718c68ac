import { findRuntimes } from "../choice/find-runtimes.ts";
import { createOciDriver } from "./oci-driver.ts";
import { describeSandbox } from "../testkit/describe-sandbox.ts";

for (const kind of ["crun", "runc"] as const) {
  const runtime = findRuntimes().find((installed) => installed.kind === kind);
  describeSandbox(`oci (${kind})`, {
    create: (stateDir) => createOciDriver({ stateDir, runtime }),
    program: new URL("../testkit/oci-program.ts", import.meta.url),
    programArgs: [kind],
    execArgv: ["--conditions=slipway-source"],
    missing: () => (runtime === undefined ? `needs ${kind}` : undefined),
  });
}
