import { InputError, WorldError, type SlipwayError } from "@slipway/oci";

type Family = "input" | "world" | "retry";

/** What git complains about, by patterns of its messages in English (LC_ALL=C), first match first. */
const KINDS: readonly (readonly [pattern: RegExp, code: string, family: Family, hint: string])[] = [
  [
    /Host key verification failed|REMOTE HOST IDENTIFICATION HAS CHANGED/,
    "GIT_HOST_KEY",
    "world",
    "The server's key is not the one that is known: check it with its owner, then correct known_hosts.",
  ],
  [
    /ssh: connect to host|ssh: Could not resolve hostname|kex_exchange_identification/,
    "GIT_UNREACHABLE",
    "retry",
    "Check the address and the network, or try again later.",
  ],
  [
    /Permission denied \(|Could not read from remote repository/,
    "GIT_UNAUTHORIZED",
    "world",
    "Lend the build your ssh agent: --ssh default. Check the address, too.",
  ],
  [
    /could not read Username|could not read Password|Authentication failed|error: 40[13]\b/,
    "GIT_UNAUTHORIZED",
    "world",
    "Check the address; for a private repository lend a token: --secret id=GIT_AUTH_TOKEN,env=… (or GIT_AUTH_TOKEN.<host>).",
  ],
  [
    /transport '[^']*' not allowed|is not allowed for the submodule|disallowed submodule|suspicious submodule/i,
    "GIT_PROTOCOL_REFUSED",
    "input",
    "A repository or a submodule of it is at a place that builds must not read: use https or ssh addresses.",
  ],
  [
    /unable to update url base from redirection|error: 30[1278]\b/,
    "GIT_MOVED",
    "input",
    "The repository is elsewhere now, and credentials are not sent on: name its new address.",
  ],
  [
    /repository .*not found|does not appear to be a git repository|not valid: is this a git repository|Repository not found|error: 404\b|access denied or repository not exported/i,
    "GIT_REPOSITORY_NOT_FOUND",
    "input",
    "Check the address; a private repository needs --secret id=GIT_AUTH_TOKEN,env=… or --ssh default.",
  ],
  [
    /certificate|SSL_ERROR|gnutls/i,
    "GIT_CERTIFICATE",
    "world",
    "Name the file of the authority that signed the server's certificate in SSL_CERT_FILE.",
  ],
  [
    /not our ref|unadvertised object|couldn't find remote ref|remote did not send/i,
    "GIT_REF_NOT_FOUND",
    "input",
    "Check the name of the branch or tag, or the hash of the commit.",
  ],
  [
    /No space left on device|Disk quota exceeded/,
    "DISK_FULL",
    "world",
    "Free some with `slipway prune`, or choose another place with --root or SLIPWAY_ROOT.",
  ],
  [
    /Could not resolve host|Temporary failure|Connection (?:refused|reset|timed out)|Failed to connect|unable to connect|Operation too slow|early EOF|hung up|RPC failed|error: 5\d\d\b|timed out|unexpected disconnect|Empty reply/i,
    "GIT_UNREACHABLE",
    "retry",
    "Check the address, the network and the proxy (HTTPS_PROXY, NO_PROXY), or try again later.",
  ],
];

/** The error for a git that has failed with these words on stderr. */
export function gitError(
  complaint: string,
  run: { readonly subject: string; readonly secrets: readonly string[] },
): SlipwayError {
  const said = summaryOf(complaint, run.secrets);
  const [, code, family, hint] = KINDS.find(([pattern]) => pattern.test(complaint)) ?? [
    undefined,
    "GIT_FAILED",
    "world" as Family,
    "See what git says above; the same command outside of the build may tell more.",
  ];
  const message = `could not ${run.subject}${said === "" ? "" : `: ${said}`}`;
  if (family === "input") return new InputError(code, message, { hint });
  return new WorldError(code, message, { hint, retryable: family === "retry" });
}

/** The lines that matter, on one line, fit to be shown. */
function summaryOf(complaint: string, secrets: readonly string[]): string {
  const lines = complaint.split(/[\r\n]+/).map((line) => line.trim());
  const telling = lines.filter((line) =>
    /^(?:fatal|error|remote|ssh|warning: redirecting|@@@|.*denied|.*failed)/i.test(line),
  );
  let text = (telling.length > 0 ? telling : lines.filter((line) => line !== "").slice(-3))
    .slice(-4)
    .join("; ");
  for (const secret of secrets) if (secret.length > 0) text = text.replaceAll(secret, "…");
  return text
    .replace(/\/\/[^/\s@]*@/g, "//")
    .replace(/[\x00-\x1f\x7f-\x9f]/g, "")
    .slice(0, 600);
}
