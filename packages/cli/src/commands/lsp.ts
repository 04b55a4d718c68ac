import type { Host } from "../host.ts";
import { cliVersion } from "../version.ts";

/** `slipway lsp`: serves one editor over stdin and stdout until it ends the session. */
export async function lspCommand(io: Host): Promise<number> {
  const { serveLanguage } = await import("@slipway/language-server");
  // What a library prints must not get between the messages.
  console.log = console.info = console.debug = (...data: unknown[]) => console.error(...data);
  if (io.stdin.isTTY)
    io.stderr.write(
      "slipway lsp waits for the messages of an editor, which is to start it. End it with Ctrl-D.\n",
    );
  return serveLanguage({
    input: io.stdin,
    output: io.stdout,
    version: cliVersion(),
    log: (message) => void io.stderr.write(`slipway lsp: ${message}\n`),
  });
}
