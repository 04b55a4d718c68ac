import { createNamespacesDriver } from "./namespaces-driver.ts";
import { describeSandbox } from "../testkit/describe-sandbox.ts";

describeSandbox("namespaces", {
  create: (stateDir) => createNamespacesDriver({ stateDir }),
  program: new URL("../testkit/namespaces-program.ts", import.meta.url),
  execArgv: ["--conditions=slipway-source"],
});
