import { spawn } from "node:child_process";
import type { ExportContext } from "@slipway/engine-sdk";
import { WorldError } from "@slipway/oci";
import { layoutFiles } from "./archive/layout-files.ts";
import { writeLayoutArchive } from "./archive/write-archive.ts";
import type { ExportSteps } from "./export-progress.ts";
import { createStreamSink } from "./files/byte-sink.ts";
import type { ImageSet } from "./image/image-set.ts";
import type { ImageOptions } from "./options/image-options.ts";

/** A program that takes an image archive on stdin. */
export interface ImageLoader {
  readonly name: "docker" | "podman";
  readonly command: readonly [program: string, ...args: string[]];
}

const PROBE_MS = 10_000;
const OUTPUT_BYTES = 4096;

function succeeds(program: string, args: readonly string[], signal: AbortSignal): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: "ignore", timeout: PROBE_MS, signal });
    child.on("error", () => (signal.aborted ? reject(signal.reason as Error) : resolve(false)));
    child.on("close", (code) => resolve(code === 0));
  });
}

/** Docker when its daemon answers, else Podman when it is installed; undefined when there is neither. */
export async function findImageLoader(signal: AbortSignal): Promise<ImageLoader | undefined> {
  if (await succeeds("docker", ["version", "--format", "{{.Server.Version}}"], signal))
    return { name: "docker", command: ["docker", "load"] };
  if (await succeeds("podman", ["info"], signal)) return { name: "podman", command: ["podman", "load"] };
  return undefined;
}

/**
 * Hands an image to a running Docker or Podman.
 * @throws WorldError `IMAGE_LOADER_MISSING`, `IMAGE_LOAD_FAILED`
 */
export async function loadImage(
  set: ImageSet,
  options: Pick<ImageOptions, "names">,
  { context, steps }: { readonly context: ExportContext; readonly steps: ExportSteps },
): Promise<void> {
  const { signal } = context;
  const loader = await findImageLoader(signal);
  if (!loader) {
    throw new WorldError(
      "IMAGE_LOADER_MISSING",
      "neither Docker nor Podman is there to load the image into",
      {
        hint: "Start Docker, install Podman, or write a file: --output type=docker,dest=image.tar.",
      },
    );
  }
  await steps.run(`importing to ${loader.name}`, async (report) => {
    const [program, ...args] = loader.command;
    const child = spawn(program, args, { stdio: ["pipe", "pipe", "pipe"], signal, killSignal: "SIGKILL" });
    let said = "";
    const hear = (chunk: Buffer) => (said = (said + chunk.toString("utf8")).slice(-OUTPUT_BYTES));
    child.stdout.on("data", hear);
    child.stderr.on("data", hear);
    const ended = new Promise<number | null>((resolve) => {
      child.on("error", () => resolve(null));
      child.on("close", resolve);
    });
    let failure: unknown;
    try {
      await writeLayoutArchive(
        createStreamSink(child.stdin, signal),
        layoutFiles(set, { names: options.names, docker: true }),
        { signal, report },
      );
      child.stdin.end();
    } catch (error) {
      failure = error;
      // The loader must not take half an archive for a whole one.
      if ((error as NodeJS.ErrnoException).code !== "EPIPE") child.kill("SIGKILL");
    }
    const code = await ended;
    signal.throwIfAborted();
    if (code === 0 && failure === undefined) return;
    throw new WorldError(
      "IMAGE_LOAD_FAILED",
      `${loader.name} load failed: ${said.trim().split("\n").at(-1) || `exit status ${code}`}`,
      {
        cause: failure,
        hint: `Check that ${loader.name} works and has space left, or write a file: --output type=docker,dest=image.tar.`,
        data: { loader: loader.name, output: said },
      },
    );
  });
}
