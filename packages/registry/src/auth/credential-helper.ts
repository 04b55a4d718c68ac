import { WorldError } from "@slipway/oci";
import type { Credential } from "./credentials.ts";

const TIMEOUT_MS = 60_000;
const MAX_OUTPUT_BYTES = 1024 * 1024;

/**
 * Runs `docker-credential-<helper> get` with the server on stdin.
 * @returns undefined when the helper has nothing for the server.
 * @throws WorldError `CREDENTIAL_HELPER_FAILED`; what the helper printed is not repeated, it may hold a secret.
 * @see docker-credential-helpers, README, "Development"
 */
export async function runCredentialHelper(
  helper: string,
  server: string,
  options: { readonly env: NodeJS.ProcessEnv; readonly signal: AbortSignal },
): Promise<Credential | undefined> {
  const program = `docker-credential-${helper}`;
  const failed = (why: string, cause?: unknown) =>
    new WorldError("CREDENTIAL_HELPER_FAILED", `${program} gave no credentials for ${server}: ${why}`, {
      hint: `Run \`echo ${server} | ${program} get\` to see why, or remove "${helper}" from Docker's config.json.`,
      data: { helper, server },
      cause,
    });
  // A helper is named in a file of the user's; still, a name with a slash would run a program outside the PATH.
  if (!/^[\w.-]+$/.test(helper)) throw failed("its name is not allowed");
  const { spawn } = await import("node:child_process");
  const { code, stdout } = await new Promise<{ code: number | null; stdout: string }>((resolve, reject) => {
    const child = spawn(program, ["get"], {
      env: options.env,
      signal: options.signal,
      timeout: TIMEOUT_MS,
      stdio: ["pipe", "pipe", "ignore"],
    });
    const chunks: Buffer[] = [];
    let sizeBytes = 0;
    child.stdout.on("data", (chunk: Buffer) => {
      sizeBytes += chunk.length;
      if (sizeBytes > MAX_OUTPUT_BYTES) child.kill("SIGKILL");
      else chunks.push(chunk);
    });
    child.on("error", (error: NodeJS.ErrnoException) => {
      reject(
        options.signal.aborted
          ? error
          : failed(error.code === "ENOENT" ? "it is not on the PATH" : "it did not start", error),
      );
    });
    child.on("close", (status) => resolve({ code: status, stdout: Buffer.concat(chunks).toString("utf8") }));
    // A helper that ends without reading is judged by its exit status.
    child.stdin.on("error", () => undefined);
    child.stdin.end(server);
  }).catch((error: unknown) => {
    options.signal.throwIfAborted();
    throw error;
  });
  if (code !== 0) {
    if (/credentials not found/i.test(stdout)) return undefined;
    throw failed(`it ended with status ${code ?? "unknown"}`);
  }
  let answer: { Username?: unknown; Secret?: unknown };
  try {
    answer = JSON.parse(stdout) as typeof answer;
  } catch {
    throw failed("its answer is not JSON");
  }
  const { Username: username, Secret: secret } = answer ?? {};
  if (typeof secret !== "string" || secret === "") return undefined;
  if (username === "<token>") return { kind: "identity-token", token: secret };
  return { kind: "password", username: typeof username === "string" ? username : "", password: secret };
}
