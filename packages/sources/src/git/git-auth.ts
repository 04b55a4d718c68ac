import type { BuildSession } from "@slipway/engine-sdk";
import { InputError } from "@slipway/oci";
import type { GitRequestSpec } from "./git-attrs.ts";

/**
 * The `Authorization` header for a repository; undefined for none. Secrets named `<name>.<host>` come before `<name>`, a
 * header before a token, all of them before what the URL says.
 * @throws InputError `SECRET_INVALID`
 */
export async function authorizationFor(
  spec: GitRequestSpec,
  session: BuildSession | undefined,
  signal: AbortSignal,
): Promise<string | undefined> {
  const { remote } = spec;
  if (remote.origin === undefined) return undefined;
  const hostName = remote.host.replace(/:\d+$/, "");
  const suffixes = [...new Set([`.${remote.host}`, `.${hostName}`, ""])];
  for (const suffix of suffixes) {
    const header = await read(session, `${spec.authHeaderSecret}${suffix}`, signal);
    if (header !== undefined) return header;
    const token = await read(session, `${spec.authTokenSecret}${suffix}`, signal);
    if (token !== undefined) return basic(`x-access-token:${token}`);
  }
  return remote.userInfo === undefined ? undefined : basic(remote.userInfo);
}

function basic(text: string): string {
  return `basic ${Buffer.from(text).toString("base64")}`;
}

async function read(
  session: BuildSession | undefined,
  id: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  const bytes = await session?.secret(id, signal);
  if (bytes === undefined) return undefined;
  const text = new TextDecoder().decode(bytes).trim();
  if (text === "") return undefined;
  if (!/[\r\n\0]/.test(text)) return text;
  throw new InputError("SECRET_INVALID", `the secret ${id} can't be sent as a header: it has several lines`, {
    hint: "Put the token alone into it.",
  });
}
