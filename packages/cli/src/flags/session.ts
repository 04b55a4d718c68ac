import type { BuildRequest } from "@slipway/engine";
import { UsageError, usageOf } from "../usage-error.ts";
import type { BuildFlags } from "./build-flags.ts";
import { csvFields } from "./csv-fields.ts";

/** Contexts that are fetched over ssh. @see git-clone(1), GIT URLS */
const GIT_OVER_SSH = /^(?:ssh:\/\/|git\+ssh:\/\/|[\w.-]+@[\w.-]+:)/;

/**
 * The part of a request that says what the build is lent and allowed: `--secret`, `--ssh`, `--allow`.
 * @param context as on the command line: one that is fetched over ssh is lent the default agent, if there is one.
 * @throws UsageError
 */
export async function lentToBuild(
  flags: BuildFlags,
  options: {
    readonly context: string;
    readonly env: Readonly<Record<string, string | undefined>>;
    readonly cwd: string;
    readonly warn: (message: string) => void;
  },
): Promise<Pick<BuildRequest, "session" | "entitlements">> {
  const { env, cwd } = options;
  const entitlements = flags.allow.length > 0 ? { entitlements: flags.allow.map(entitlement) } : {};
  const agents = [...flags.ssh];
  const names = agents.map((agent) => agent.split("=")[0]);
  if (GIT_OVER_SSH.test(options.context) && env["SSH_AUTH_SOCK"] && !names.includes("default"))
    agents.push("default");
  if (flags.secret.length === 0 && agents.length === 0) return entitlements;

  const { createSession, parseSecret, parseSsh } = await import("@slipway/session");
  const secrets = usageOf("--secret", () =>
    flags.secret.map((line) => parseSecret(csvFields(line, "--secret"), env)),
  );
  for (const { id, from } of secrets) {
    if (from.kind === "env" && env[from.name] === undefined)
      options.warn(`--secret ${id}: the variable ${from.name} is not set, and the secret is empty`);
  }
  const ssh = usageOf("--ssh", () => agents.map(parseSsh));
  const { secret } = usageOf("--secret", () => createSession({ secrets, env, cwd }));
  const { sshAgent } = usageOf("--ssh", () => createSession({ ssh, env, cwd }));
  return { ...entitlements, session: { secret, sshAgent } };
}

function entitlement(text: string): NonNullable<BuildRequest["entitlements"]>[number] {
  if (text === "network.host" || text === "security.insecure" || text === "device") return text;
  const device = /^device=(.+)$/.exec(text)?.[1];
  if (device !== undefined) return `device=${device}`;
  throw new UsageError(
    `--allow "${text}" is not known`,
    "Use security.insecure for RUN --security=insecure, device or device=NAME for RUN --device; RUN --network=host needs none.",
  );
}
