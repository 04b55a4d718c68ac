import type { Bridge } from "@slipway/frontend-sdk";
import { InputError } from "@slipway/oci";
import type { DockerfileErrorCode } from "../problems.ts";
import { decodeText, localVertex, readOptionalFile, solveVertex } from "./local-source.ts";
import type { CompileOptions } from "./options.ts";

/** The names that are tried when none is given, in this order. */
export const DEFAULT_FILE_NAMES = ["Dockerfile", "Containerfile"] as const;

/** The build file as the client lent it. */
export interface BuildFile {
  readonly filename: string;
  readonly bytes: Uint8Array;
  readonly text: string;
  /** Content of `<filename>.dockerignore`, which goes before the context's. */
  readonly ignoreText?: string;
}

function candidates(filename: string | undefined): readonly string[] {
  const names = filename === undefined ? [...DEFAULT_FILE_NAMES] : [filename];
  // Docker takes the name in lower case, too (moby/moby#10858).
  return names.flatMap((name) =>
    /(?:^|\/)Dockerfile$/.test(name) ? [name, name.replace(/Dockerfile$/, "dockerfile")] : [name],
  );
}

/**
 * Reads the build file and its own ignore file through the bridge.
 * @throws InputError `DOCKERFILE_NOT_FOUND`
 */
export async function loadBuildFile(
  bridge: Bridge,
  options: CompileOptions,
  signal: AbortSignal,
): Promise<BuildFile> {
  const names = candidates(options.filename);
  const vertex = localVertex(options.dockerfileName, {
    customName: `[internal] load build definition from ${names[0]!}`,
    sharedKeyHint: options.dockerfileName,
    followPaths: names.flatMap((name) => [name, `${name}.dockerignore`]),
  });
  const ref = await solveVertex(bridge, vertex, signal);
  for (const filename of names) {
    const bytes = await readOptionalFile(bridge, ref, { path: filename, signal });
    if (bytes === undefined) continue;
    const ignore = await readOptionalFile(bridge, ref, { path: `${filename}.dockerignore`, signal });
    return {
      filename,
      bytes,
      text: decodeText(bytes),
      ...(ignore === undefined ? {} : { ignoreText: decodeText(ignore) }),
    };
  }
  throw new InputError<DockerfileErrorCode>(
    "DOCKERFILE_NOT_FOUND",
    `there is no ${options.filename ?? names.join(" and no ")}`,
    {
      hint: "Write one, or name the file with --file.",
      data: { tried: names },
    },
  );
}
