import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { spawn, type ChildProcess } from "node:child_process";
import path from "node:path";
import { runCommand } from "@slipway/testing";

/** An image unpacked to a bundle of the OCI runtime specification, by umoci. */
export interface Bundle {
  readonly folder: string;
  readonly rootfs: string;
}

interface RuntimeConfig {
  process: {
    terminal?: boolean;
    env?: string[];
    args?: string[];
    user: { uid: number; gid: number };
    cwd: string;
  };
  linux: { namespaces: { type: string }[] };
}

/**
 * Copies an image with skopeo into an OCI layout and unpacks that with umoci.
 * @param source as skopeo names it: `docker://…`, `oci-archive:…`, `oci:…`
 * @param workdir where the layout and the bundle go
 */
export async function unpackBundle(source: string, workdir: string): Promise<Bundle> {
  const layout = path.join(workdir, "layout");
  const folder = path.join(workdir, "bundle");
  mkdirSync(workdir, { recursive: true });
  await runCommand("skopeo", ["copy", "-q", "--src-tls-verify=false", source, `oci:${layout}:latest`]);
  await runCommand("umoci", ["unpack", "--image", `${layout}:latest`, folder]);
  return { folder, rootfs: path.join(folder, "rootfs") };
}

/** Reads the bundle's runtime config, lets `change` work on it, and writes it back. */
export function editBundle(bundle: Bundle, change: (config: RuntimeConfig) => void): void {
  const file = path.join(bundle.folder, "config.json");
  const config = JSON.parse(readFileSync(file, "utf8")) as RuntimeConfig;
  config.process.terminal = false;
  // The host's network: tests talk to the process over loopback.
  config.linux.namespaces = config.linux.namespaces.filter(({ type }) => type !== "network");
  change(config);
  writeFileSync(file, JSON.stringify(config));
}

/** Starts a bundle with runc; the container ends with the test at the latest, by `stopContainer`. */
export function startContainer(bundle: Bundle, id: string): ChildProcess {
  return spawn("runc", ["run", "--bundle", bundle.folder, id], { stdio: ["ignore", "pipe", "pipe"] });
}

export async function stopContainer(id: string): Promise<void> {
  await runCommand("runc", ["delete", "--force", id], { allowFailure: true });
}

/** Runs a bundle with runc to its end. */
export async function runContainer(
  bundle: Bundle,
  id: string,
): Promise<{ code: number | null; stdout: string; stderr: string }> {
  try {
    return await runCommand("runc", ["run", "--bundle", bundle.folder, id], {
      allowFailure: true,
      timeoutMs: 60_000,
    });
  } finally {
    await stopContainer(id);
  }
}
