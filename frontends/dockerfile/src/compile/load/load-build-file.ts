import type { Bridge } from "@slipway/frontend-sdk";
import { InputError } from "@slipway/oci";
import type { DockerfileErrorCode } from "../../problems.ts";
import { decodeText, type WrongBytes } from "./decode-text.ts";
import { localVertex, readOptionalFile, solveVertex } from "../sources/local-source.ts";
import type { CompileOptions } from "../options.ts";
import { resolveRemoteContext, type RemoteContext } from "./remote-context.ts";
import { shownAddress } from "../sources/shown-address.ts";

/** The names that are tried when none is given, in this order. */
export const DEFAULT_FILE_NAMES = ["Dockerfile", "Containerfile"] as const;

/** The build file, from the client or a remote context. */
export interface BuildFile {
  readonly filename: string;
  readonly bytes: Uint8Array;
  readonly text: string;
  /** The bytes that are no UTF-8; absent when there are none. */
  readonly wrong?: WrongBytes;
  /** Content of `<filename>.dockerignore`, which goes before the context's. */
  readonly ignoreText?: string;
  /** The build context when it does not come from the client. */
  readonly remote?: RemoteContext;
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
  const remote = options.context === "" ? null : await resolveRemoteContext(bridge, options, signal);
  const isLocal = remote === null || options.localBuildFile;
  const names = !isLocal && remote.loneFile ? [remote.loneFile] : candidates(options.filename);
  const vertex = isLocal
    ? localVertex(options.dockerfileName, {
        customName: `[internal] load build definition from ${names[0]!}`,
        sharedKeyHint: options.dockerfileName,
        followPaths: names.flatMap((name) => [name, `${name}.dockerignore`]),
      })
    : remote.whole.vertex;
  const ref = await solveVertex(bridge, vertex, signal);
  for (const filename of names) {
    const bytes = await readOptionalFile(bridge, ref, { path: filename, signal });
    if (bytes === undefined) continue;
    // Remote contexts come as they are: what an ignore file keeps back is for what the client sends.
    const ignore =
      remote === null
        ? await readOptionalFile(bridge, ref, { path: `${filename}.dockerignore`, signal })
        : undefined;
    return {
      filename,
      bytes,
      ...decodeText(bytes),
      ...(ignore === undefined ? {} : { ignoreText: decodeText(ignore).text }),
      ...(remote === null ? {} : { remote }),
    };
  }
  throw new InputError<DockerfileErrorCode>(
    "DOCKERFILE_NOT_FOUND",
    `there is no ${options.filename ?? names.join(" and no ")}${isLocal ? "" : ` in ${shownAddress(options.context)}`}`,
    {
      hint: "Write one, or name the file with --file.",
      data: { tried: names },
    },
  );
}
