import path from "node:path";
import { findCommand, runCommand } from "@slipway/testing/fixtures";
import type { StartPeer } from "./peer.ts";

/** buildah with layers, four jobs, overlay storage and runc. */
export const startBuildah: StartPeer = async ({ state }) => {
  if (findCommand("buildah") === undefined) return undefined;
  const global = [
    "--root",
    path.join(state, "root"),
    "--runroot",
    path.join(state, "run"),
    "--storage-driver",
    "overlay",
  ];
  const { stdout } = await runCommand("buildah", ["--version"]);
  const runtime = findCommand("runc");
  const flags = ["--layers", "--jobs", "4", "--tls-verify=false", "--isolation", "oci", "--network", "host"];
  if (runtime !== undefined) flags.push("--runtime", runtime);
  return {
    name: "buildah",
    version: `buildah ${/version (\S+)/.exec(stdout)?.[1]}`,
    gaps: [],
    daemonPids: [],
    commands({ context, output }) {
      const image = output.kind === "push" ? output.image : "bench:latest";
      const build = { command: "buildah", args: [...global, "build", ...flags, "-t", image, context] };
      if (output.kind === "store") return [build];
      const destination =
        output.kind === "archive" ? `oci-archive:${output.file}` : `docker://${output.image}`;
      return [
        build,
        { command: "buildah", args: [...global, "push", "--tls-verify=false", image, destination] },
      ];
    },
    stop: () => Promise.resolve(),
  };
};
