import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, openSync, writeFileSync } from "node:fs";
import path from "node:path";
import { findCommand, runCommand } from "@slipway/testing/fixtures";
import type { StartPeer } from "./peer.ts";

/** buildkitd with its OCI worker, warm. */
export const startBuildkit: StartPeer = async ({ state, registry }) => {
  if (findCommand("buildkitd") === undefined || findCommand("buildctl") === undefined) return undefined;
  mkdirSync(state, { recursive: true });
  const address = `unix:///tmp/slipway-bench-buildkit-${process.pid}.sock`;
  const config = path.join(state, "buildkitd.toml");
  writeFileSync(
    config,
    [
      "[worker.oci]",
      'enabled = true\nsnapshotter = "overlayfs"\nnetworkMode = "host"\nbinary = "runc"',
      "[worker.containerd]\nenabled = false",
      `[registry."${registry}"]\nhttp = true`,
    ].join("\n"),
  );
  const log = openSync(path.join(state, "buildkitd.log"), "a");
  const daemon = spawn(
    "buildkitd",
    ["--config", config, "--root", path.join(state, "root"), "--addr", address],
    {
      stdio: ["ignore", log, log],
    },
  );
  const deadlineMs = Date.now() + 60_000;
  while (
    (await runCommand("buildctl", ["--addr", address, "debug", "workers"], { allowFailure: true })).code !== 0
  ) {
    if (daemon.exitCode !== null || Date.now() > deadlineMs)
      throw new Error(`buildkitd does not start: see ${state}/buildkitd.log`);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  const { stdout } = await runCommand("buildkitd", ["--version"]);
  return {
    name: "BuildKit (buildkitd)",
    version: `buildkitd ${/v?\d+\.\d+\.\d+\S*/.exec(stdout)?.[0] ?? stdout.trim()}, warm`,
    gaps: [],
    daemonPids: [daemon.pid!],
    commands({ context, output }) {
      const to = {
        store: () => "type=image,name=bench:latest",
        archive: () => `type=oci,dest=${output.kind === "archive" ? output.file : ""}`,
        push: () =>
          `type=image,push=true,registry.insecure=true,name=${output.kind === "push" ? output.image : ""}`,
      }[output.kind]();
      const args = [
        "--addr",
        address,
        "build",
        "--progress=plain",
        "--frontend=dockerfile.v0",
        "--output",
        to,
      ];
      return [
        {
          command: "buildctl",
          args: [...args, "--local", `context=${context}`, "--local", `dockerfile=${context}`],
        },
      ];
    },
    async stop() {
      const ended = once(daemon, "exit");
      daemon.kill("SIGTERM");
      await ended;
    },
  };
};
