import { mkdtempSync, readFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { rmSync } from "node:fs";
import { parseProgress, type BuildStep } from "./progress.ts";
import { slipway, type SlipwayOptions, type SlipwayResult } from "./slipway.ts";

export interface BuildOptions extends SlipwayOptions {
  /** Further flags, for example `["--build-arg", "X=1"]`. */
  readonly flags?: readonly string[];
}

export interface GoodBuild {
  /** What `--metadata-file` says. */
  readonly metadata: Readonly<Record<string, unknown>>;
  /** Digest of the image's manifest. */
  readonly digest: string;
  readonly steps: readonly BuildStep[];
  /** Names of the steps that ran a process or did other work: neither cached nor never started. */
  readonly executed: readonly string[];
  readonly durationMs: number;
}

/** Builds `context` and expects success. @throws Error with everything that was printed */
export async function build(context: string, options: BuildOptions): Promise<GoodBuild> {
  const folder = mkdtempSync(path.join(os.tmpdir(), "slipway-e2e-"));
  try {
    const metadataFile = path.join(folder, "metadata.json");
    const result = await slipway(
      ["build", "--progress=rawjson", `--metadata-file=${metadataFile}`, ...(options.flags ?? []), context],
      options,
    );
    if (result.code !== 0) {
      throw new Error(
        `slipway build ended with ${result.signal ?? result.code}:\n${result.stdout}${result.stderr}`,
      );
    }
    const metadata = JSON.parse(readFileSync(metadataFile, "utf8")) as Record<string, unknown>;
    const steps = parseProgress(result.stderr);
    return {
      metadata,
      digest: String(metadata["containerimage.digest"]),
      steps,
      executed: steps.filter((step) => step.started && !step.cached).map((step) => step.name),
      durationMs: result.durationMs,
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Builds `context` with plain progress and expects that it fails. */
export async function failingBuild(context: string, options: BuildOptions): Promise<SlipwayResult> {
  const result = await slipway(["build", "--progress=plain", ...(options.flags ?? []), context], options);
  if (result.code === 0) throw new Error(`slipway build succeeded:\n${result.stdout}${result.stderr}`);
  return result;
}
