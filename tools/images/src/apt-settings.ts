import { runCommand } from "@slipway/testing/fixtures";

/** How this machine reaches Debian's packages. */
export interface AptSettings {
  /** Lines of a sources.list, Debian's own archives only. */
  readonly sources: readonly string[];
  /** Lines of an apt.conf: proxies and checks of dates, as this machine has them. */
  readonly config: readonly string[];
}

const TAKEN_OVER = /^Acquire::(Check-Date|Check-Valid-Until|Retries|https?::Proxy)\b/;

/** Reads apt's own view of its settings, so that it does not matter in which file or format they are. */
export async function aptSettings(): Promise<AptSettings> {
  const targets = await runCommand("apt-get", [
    "indextargets",
    "--format",
    "$(CREATED_BY) $(REPO_URI) $(RELEASE) $(COMPONENT)",
  ]);
  const sources = new Set<string>();
  for (const line of targets.stdout.split("\n")) {
    const [kind, uri, release, component] = line.split(" ");
    if (kind === "Packages" && uri !== undefined && /\/debian(-security)?\/?$/.test(uri)) {
      sources.add(`deb ${uri} ${release} ${component}`);
    }
  }
  const dump = await runCommand("apt-config", ["dump"]);
  return {
    sources: [...sources].sort(),
    config: dump.stdout.split("\n").filter((line) => TAKEN_OVER.test(line)),
  };
}
