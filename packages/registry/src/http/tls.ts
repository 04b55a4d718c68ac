import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";

/** What a TLS connection to a host needs beyond the defaults. PEM texts. */
export interface TlsSettings {
  /** Trusted besides the usual authorities. */
  readonly extraCa?: readonly string[];
  /** Client certificate and its key. */
  readonly cert?: string;
  readonly key?: string;
}

/** Folders that hold `<host[:port]>/*.crt|cert|key`. @see Docker Engine, "Verify repository client with certificates" */
export const DEFAULT_CERT_FOLDERS: readonly string[] = ["/etc/docker/certs.d", "/etc/containers/certs.d"];

function names(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch {
    return [];
  }
}

/**
 * Reads what is configured for a host: `*.crt` are authorities, `x.cert` with `x.key` is the client's pair. The file
 * that SSL_CERT_FILE names is trusted, too, as with most other programs. (NODE_EXTRA_CA_CERTS is Node's own affair.)
 */
export function readTlsSettings(
  host: string,
  options: { readonly folders: readonly string[]; readonly env: NodeJS.ProcessEnv },
): TlsSettings {
  const extraCa: string[] = [];
  let pair: { cert: string; key: string } | undefined;
  for (const root of options.folders) {
    const folder = path.join(root, host);
    const files = names(folder);
    for (const file of files) {
      const full = path.join(folder, file);
      if (file.endsWith(".crt")) extraCa.push(readFileSync(full, "utf8"));
      const key = file.replace(/\.cert$/, ".key");
      if (key !== file && files.includes(key)) {
        pair ??= { cert: readFileSync(full, "utf8"), key: readFileSync(path.join(folder, key), "utf8") };
      }
    }
  }
  if (options.env.SSL_CERT_FILE) {
    try {
      extraCa.push(readFileSync(options.env.SSL_CERT_FILE, "utf8"));
    } catch {
      // Then it vouches for nobody.
    }
  }
  return { ...(extraCa.length > 0 ? { extraCa } : {}), ...pair };
}

/** True when a connection failed because the certificate is not trusted, for whatever reason. */
export function isCertificateError(code: string): boolean {
  return /^(?:CERT_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|ERR_TLS_CERT_|HOSTNAME_MISMATCH|INVALID_CA)/.test(
    code,
  );
}

/** True when another set of authorities could make the certificate trusted. */
export function isUnknownAuthority(code: string): boolean {
  return /^(?:UNABLE_TO_GET_ISSUER|UNABLE_TO_VERIFY_LEAF|DEPTH_ZERO_|SELF_SIGNED_)/.test(code);
}
