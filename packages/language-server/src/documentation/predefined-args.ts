import { referenceUrl } from "./reference-url.ts";

/** An argument that exists without being declared. */
export interface PredefinedArg {
  readonly name: string;
  readonly summary: string;
  readonly url: string;
  /**
   * Where it can be used. `platform`: in FROM, and in stages that declare it. `proxy`: in RUN, without declaring it.
   * `build`: it changes how the build works, when `--build-arg` sets it.
   */
  readonly use: "platform" | "proxy" | "build";
}

const PLATFORM_URL = referenceUrl("automatic-platform-args-in-the-global-scope");
const PROXY_URL = referenceUrl("predefined-args");
const BUILD_URL = referenceUrl("buildkit-built-in-build-args");

function platformArgs(prefix: "TARGET" | "BUILD"): readonly PredefinedArg[] {
  const whose = prefix === "TARGET" ? "that is built for" : "of the machine that builds";
  const arg = (suffix: string, summary: string): PredefinedArg => ({
    name: `${prefix}${suffix}`,
    summary,
    url: PLATFORM_URL,
    use: "platform",
  });
  return [
    arg("PLATFORM", `The platform ${whose}, for example \`linux/arm64\`.`),
    arg("OS", `The operating system ${whose}, for example \`linux\`.`),
    arg("OSVERSION", `The version of the operating system ${whose}; Windows only.`),
    arg("ARCH", `The architecture ${whose}, for example \`arm64\`.`),
    arg("VARIANT", `The variant of the architecture ${whose}, for example \`v7\`.`),
  ];
}

function proxyArgs(): readonly PredefinedArg[] {
  return ["HTTP", "HTTPS", "FTP", "NO", "ALL"].flatMap((scheme) =>
    [`${scheme}_PROXY`, `${scheme}_proxy`.toLowerCase()].map((name) => ({
      name,
      summary:
        "A proxy setting of the one who builds. RUN sees it when `--build-arg` gives it; it is in no cache key and not in the history.",
      url: PROXY_URL,
      use: "proxy" as const,
    })),
  );
}

function buildArgs(): readonly PredefinedArg[] {
  const args: Readonly<Record<string, string>> = {
    SOURCE_DATE_EPOCH: "The time, in seconds since 1970, that files and the image get instead of now.",
    BUILDKIT_SYNTAX: "The frontend image, instead of the one that the `syntax` directive names.",
    BUILDKIT_DOCKERFILE_CHECK: "How the file is checked; as the `check` directive.",
    BUILDKIT_INLINE_CACHE: "Whether the image carries cache information for later builds.",
    BUILDKIT_MULTI_PLATFORM: "Whether the result has the form of a multi-platform image in any case.",
    BUILDKIT_SANDBOX_HOSTNAME: "The host name that RUN steps see.",
    BUILDKIT_CACHE_MOUNT_NS: "What the ids of cache mounts begin with, to keep builds apart.",
    BUILDKIT_CONTEXT_KEEP_GIT_DIR: "Whether a context from git keeps its `.git` folder.",
    BUILDKIT_BUILD_NAME: "The name of the build.",
    BUILDKIT_SBOM_SCAN_CONTEXT: "Whether the build context is scanned for the bill of materials.",
    BUILDKIT_SBOM_SCAN_STAGE: "Which stages are scanned for the bill of materials.",
  };
  return Object.entries(args).map(([name, summary]) => ({ name, summary, url: BUILD_URL, use: "build" }));
}

/** All arguments that need no declaration. */
export const PREDEFINED_ARGS: readonly PredefinedArg[] = [
  ...platformArgs("TARGET"),
  {
    name: "TARGETSTAGE",
    summary: "The name of the stage that is built, or `default`.",
    url: PLATFORM_URL,
    use: "platform",
  },
  ...platformArgs("BUILD"),
  ...proxyArgs(),
  ...buildArgs(),
];

export function predefinedArg(name: string): PredefinedArg | undefined {
  return PREDEFINED_ARGS.find((arg) => arg.name === name);
}
