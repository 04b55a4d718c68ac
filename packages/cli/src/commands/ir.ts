import path from "node:path";
import { formatPlatform } from "@slipway/oci";
import type { CompiledPlatform } from "@slipway/engine";
import { EXIT_OK } from "../exit-status.ts";
import type { BuildFlags, EngineFlags } from "../flags/build-flags.ts";
import { requestedPlatforms } from "../flags/frontend-options.ts";
import { lentToBuild } from "../flags/session.ts";
import type { Host } from "../host.ts";
import { UsageError } from "../usage-error.ts";
import { withRequest } from "./with-request.ts";
import { writeAll, writeFileAtomically } from "./write-output.ts";

export interface IrFlags extends BuildFlags, EngineFlags {
  readonly format: string;
  readonly output?: string;
}

const FORMATS = ["text", "json", "dot", "llb"];

/** `slipway ir`: compiles and prints the IR. Nothing runs but what the frontend itself asks for. */
export async function irCommand(context: string, flags: IrFlags, io: Host): Promise<number> {
  if (!FORMATS.includes(flags.format))
    throw new UsageError(`--format "${flags.format}" is not supported`, `Use one of ${FORMATS.join(", ")}.`);
  const platforms = requestedPlatforms(flags.platform);
  const file =
    flags.output === undefined || flags.output === "-" ? undefined : path.resolve(io.cwd, flags.output);
  if (flags.format === "llb") {
    if (platforms.length > 1)
      throw new UsageError("LLB bytes hold one platform", "Name one with --platform.");
    if (file === undefined && io.stdout.isTTY)
      throw new UsageError(
        "refusing to write LLB bytes to a terminal",
        "Write them to a file: -o build.llb, or redirect stdout.",
      );
  }
  const lent = await lentToBuild(flags, { context, env: io.env, cwd: io.cwd, warn: () => undefined });
  return withRequest({ context, flags }, io, async ({ engine, request, signal }) => {
    const compiled = await engine.compile({ ...request, ...lent }, { signal, progress: () => undefined });
    const content = await printed(compiled, flags.format);
    if (file === undefined) await writeAll(io.stdout, content);
    else writeFileAtomically(file, content);
    return EXIT_OK;
  });
}

async function printed(compiled: readonly CompiledPlatform[], format: string): Promise<string | Uint8Array> {
  const ir = await import("@slipway/ir");
  if (format === "llb") return ir.encode(compiled[0]!.definition);
  if (format === "json") {
    const documents = compiled.map(({ platform, definition }) => ({
      platform: formatPlatform(platform),
      ...(JSON.parse(ir.printJson(definition)) as object),
    }));
    return `${JSON.stringify(documents.length === 1 ? documents[0] : documents, undefined, 2)}\n`;
  }
  const print = format === "dot" ? ir.printDot : ir.printTree;
  const comment = format === "dot" ? "//" : "#";
  return compiled
    .map(
      ({ platform, definition }) =>
        `${compiled.length > 1 ? `${comment} ${formatPlatform(platform)}\n` : ""}${print(definition).trimEnd()}\n`,
    )
    .join("\n");
}
