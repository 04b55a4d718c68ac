import { existsSync } from "node:fs";
import path from "node:path";
import { runCommand } from "@slipway/testing/fixtures";
import type { BuildTask, StartPeer } from "./peer.ts";

const cli = path.resolve(import.meta.dirname, "../../../packages/cli");
const launcher = path.join(cli, "bin/slipway.js");

/** The bundled Slipway, as npm would install it. */
export const startSlipway: StartPeer = async ({ state }) => {
  if (!existsSync(path.join(cli, "dist/main.js"))) {
    throw new Error("Slipway is not bundled: npm run build -w @slipway/cli");
  }
  const env = { SLIPWAY_ROOT: state, SLIPWAY_BUNDLE: "1", NODE_OPTIONS: undefined };
  const { stdout } = await runCommand(process.execPath, [launcher, "--version"], { env });
  const output = (task: BuildTask): string => {
    switch (task.output.kind) {
      case "store":
        return "type=image,name=bench";
      case "archive":
        return `type=oci,dest=${task.output.file}`;
      case "push":
        return `type=image,push=true,name=${task.output.image}`;
    }
  };
  return {
    name: "Slipway",
    version: `Slipway ${stdout.trim()}, Node ${process.versions.node}`,
    gaps: [
      "Where the others leave the image in their store, Slipway makes its blobs, manifest and config, too, but has no list of images to add it to.",
    ],
    daemonPids: [],
    commands: (task) => [
      {
        command: process.execPath,
        args: [launcher, "build", "-q", "-o", output(task), task.context],
        env,
      },
    ],
    stop: () => Promise.resolve(),
  };
};
