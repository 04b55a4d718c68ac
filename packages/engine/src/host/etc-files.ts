import fs from "node:fs";
import path from "node:path";
import type { HostIp } from "@slipway/ir";

/** Files that a process finds in /etc but that are no part of any layer. */
export interface EtcFiles {
  /** Absolute paths on the host. */
  readonly hosts: string;
  readonly resolvConf: string;
}

const FALLBACK_RESOLV_CONF = "nameserver 8.8.8.8\nnameserver 8.8.4.4\n";

/** Writes the files for one process into `folder`, which its caller removes. */
export function writeEtcFiles(
  folder: string,
  options: { hostname: string; extraHosts: readonly HostIp[] },
): EtcFiles {
  const hosts = path.join(folder, "hosts");
  const resolvConf = path.join(folder, "resolv.conf");
  const extra = options.extraHosts.map(({ host, ip }) => `${ip}\t${host}\n`).join("");
  fs.writeFileSync(
    hosts,
    `127.0.0.1\tlocalhost ${options.hostname}\n::1\tlocalhost ip6-localhost ip6-loopback\n${extra}`,
    { mode: 0o644 },
  );
  fs.writeFileSync(resolvConf, hostResolvConf(), { mode: 0o644 });
  return { hosts, resolvConf };
}

function hostResolvConf(): string {
  try {
    return fs.readFileSync("/etc/resolv.conf", "utf8");
  } catch {
    return FALLBACK_RESOLV_CONF;
  }
}
