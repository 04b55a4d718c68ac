import { isIP } from "node:net";
import { formatPlatform, hostPlatform, parsePlatform, type Platform } from "@slipway/oci";
import { UsageError, usageOf } from "../usage-error.ts";
import type { BuildFlags } from "./build-flags.ts";
import { limitOptions } from "./limits.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The platforms of `--platform`, comma lists and repetitions joined, in order and each once; the host's when there are
 * none. `local` stands for the host's.
 * @throws UsageError
 */
export function requestedPlatforms(flags: readonly string[]): Platform[] {
  const platforms = new Map<string, Platform>();
  for (const text of flags.flatMap((flag) => flag.split(","))) {
    const platform =
      text.trim() === "local" ? hostPlatform() : usageOf("--platform", () => parsePlatform(text.trim()));
    platforms.set(formatPlatform(platform), platform);
  }
  return platforms.size > 0 ? [...platforms.values()] : [hostPlatform()];
}

/**
 * Frontend attributes, under BuildKit's names, of everything but files and folders.
 * @throws UsageError
 */
export function frontendOptions(flags: BuildFlags, env: Environment): Record<string, string> {
  const options: Record<string, string> = {};
  if (flags.target) options["target"] = flags.target;
  if (flags.platform.length > 0)
    options["platform"] = requestedPlatforms(flags.platform).map(formatPlatform).join(",");
  for (const [name, value] of buildArgs(flags.buildArg, env)) options[`build-arg:${name}`] = value;
  for (const label of flags.label) {
    const [key, value] = splitOnce(label, "=");
    if (key === "") throw new UsageError(`--label "${label}" has no name`, "Write it as --label key=value.");
    options[`label:${key}`] = value ?? "";
  }
  Object.assign(options, cacheOptions(flags));
  if (flags.pull) options["image-resolve-mode"] = "pull";
  const network = flags.network ?? "default";
  if (network === "host" || network === "none") options["force-network-mode"] = network;
  else if (network !== "default") {
    throw new UsageError(`--network "${network}" is not supported`, "Use default, host or none.");
  }
  if (flags.commit === "explicit") options["commit"] = "explicit";
  else if ((flags.commit ?? "implicit") !== "implicit")
    throw new UsageError(`--commit "${flags.commit}" is not supported`, "Use implicit or explicit.");
  if (flags.addHost.length > 0) options["add-hosts"] = flags.addHost.map(hostAndAddress).join(",");
  return Object.assign(options, limitOptions(flags));
}

/**
 * SOURCE_DATE_EPOCH in seconds when it is a number; undefined when the build has none or the frontend has to work it
 * out (`context`).
 */
export function sourceDateEpochSeconds(options: Readonly<Record<string, string>>): number | undefined {
  const text = options["build-arg:SOURCE_DATE_EPOCH"];
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined;
}

function buildArgs(flags: readonly string[], env: Environment): Map<string, string> {
  const args = new Map<string, string>();
  for (const flag of flags) {
    const [name, value] = splitOnce(flag, "=");
    if (name === "")
      throw new UsageError(`--build-arg "${flag}" has no name`, "Write it as --build-arg NAME=value.");
    const given = value ?? env[name];
    if (given !== undefined) args.set(name, given);
  }
  const epoch = env["SOURCE_DATE_EPOCH"];
  if (epoch && !args.has("SOURCE_DATE_EPOCH")) {
    if (!/^\d+$/.test(epoch)) {
      throw new UsageError(
        `SOURCE_DATE_EPOCH is "${epoch}", which is no number of seconds`,
        "Set it to seconds since 1970, as in SOURCE_DATE_EPOCH=$(git log -1 --format=%ct), or unset it.",
      );
    }
    args.set("SOURCE_DATE_EPOCH", epoch);
  }
  return args;
}

function cacheOptions(flags: BuildFlags): Record<string, string> {
  const stages = flags.noCacheFilter.flatMap((value) => value.split(",")).map((stage) => stage.trim());
  if (flags.noCache && stages.length > 0) {
    throw new UsageError(
      "--no-cache and --no-cache-filter contradict each other",
      "Use --no-cache for all stages, or --no-cache-filter for some.",
    );
  }
  if (stages.includes(""))
    throw new UsageError("--no-cache-filter names no stage", "Name stages: --no-cache-filter build,test.");
  if (flags.noCache) return { "no-cache": "" };
  return stages.length > 0 ? { "no-cache": stages.join(",") } : {};
}

/** `host=ip` of `host:ip`, `host=ip` and `host:[ip]`. */
function hostAndAddress(text: string): string {
  const match = /^([^:=]+)[:=]\[?([^\]]+)\]?$/.exec(text);
  const host = match?.[1];
  const address = match?.[2];
  if (!host || !address || isIP(address) === 0) {
    const gateway =
      address === "host-gateway"
        ? " (host-gateway needs a bridge network, which Slipway's builds don't have)"
        : "";
    throw new UsageError(
      `--add-host "${text}" is not a host and an address${gateway}`,
      "Write it as --add-host name:10.0.0.1.",
    );
  }
  return `${host}=${address}`;
}

function splitOnce(text: string, separator: string): [string, string | undefined] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)];
}
