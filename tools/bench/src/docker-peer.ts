import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, openSync, writeFileSync } from "node:fs";
import path from "node:path";
import { runCommand } from "@slipway/testing/fixtures";
import type { StartPeer } from "./peer.ts";

// Debian's client: newer ones ask for the buildx plugin.
const CLIENT = "/usr/bin/docker";
const DAEMON = "/usr/sbin/dockerd";

/** BuildKit inside dockerd, warm: the daemon is started here and runs during all workloads. */
export const startDocker: StartPeer = async ({ state, registry }) => {
  if (!existsSync(CLIENT) || !existsSync(DAEMON)) return undefined;
  mkdirSync(state, { recursive: true });
  // Not the machine's own daemon: a socket, a state and a configuration of its own. Socket paths are short.
  const socket = `/tmp/slipway-bench-docker-${process.pid}.sock`;
  const config = path.join(state, "daemon.json");
  writeFileSync(
    config,
    JSON.stringify({
      bridge: "none",
      iptables: false,
      ip6tables: false,
      "storage-driver": "overlay2",
      "insecure-registries": [registry],
      features: { buildkit: true },
    }),
  );
  const log = openSync(path.join(state, "dockerd.log"), "a");
  const args = [
    "--config-file",
    config,
    "--data-root",
    path.join(state, "data"),
    "--exec-root",
    path.join(state, "exec"),
  ];
  const daemon = spawn(DAEMON, [...args, "--pidfile", path.join(state, "pid"), "-H", `unix://${socket}`], {
    stdio: ["ignore", log, log],
  });
  const client = ["-H", `unix://${socket}`];
  const deadlineMs = Date.now() + 60_000;
  let version = "";
  while (version === "") {
    const answer = await runCommand(CLIENT, [...client, "version", "--format", "{{.Server.Version}}"], {
      allowFailure: true,
    });
    version = answer.code === 0 ? answer.stdout.trim() : "";
    if (daemon.exitCode !== null || Date.now() > deadlineMs)
      throw new Error(`dockerd does not start: see ${state}/dockerd.log`);
    if (version === "") await new Promise((resolve) => setTimeout(resolve, 200));
  }
  const env = { DOCKER_BUILDKIT: "1", DOCKER_CONFIG: path.join(state, "client") };
  return {
    name: "BuildKit (dockerd)",
    version: `dockerd ${version} with its own BuildKit, warm`,
    gaps: [
      "dockerd 20.10 writes no OCI archives: its archive is `docker save`'s, which is not compressed.",
      "dockerd is told to --pull, so that it asks the registry for base images as the others do; without, it is faster by that request.",
    ],
    daemonPids: [daemon.pid!],
    commands({ context, output }) {
      const image = output.kind === "push" ? output.image : "bench:latest";
      const build = {
        command: CLIENT,
        // The others ask the registry what a tag stands for now, too; without --pull dockerd takes what it has.
        args: [...client, "build", "-q", "--pull", "--network=host", "-t", image, context],
        env,
      };
      switch (output.kind) {
        case "store":
          return [build];
        case "archive":
          return [build, { command: CLIENT, args: [...client, "save", "-o", output.file, image], env }];
        case "push":
          return [build, { command: CLIENT, args: [...client, "push", "-q", image], env }];
      }
    },
    async stop() {
      const ended = once(daemon, "exit");
      daemon.kill("SIGTERM");
      await ended;
    },
  };
};
