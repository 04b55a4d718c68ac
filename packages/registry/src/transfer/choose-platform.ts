import {
  formatPlatform,
  InputError,
  normalizePlatform,
  platformMatches,
  type Descriptor,
  type Platform,
} from "@slipway/oci";

/** What an index entry says that it is for, in canonical form; undefined when it says nothing. */
export function platformOf(descriptor: Descriptor): Platform | undefined {
  const platform = descriptor.platform;
  if (!platform) return undefined;
  return normalizePlatform({
    os: platform.os,
    architecture: platform.architecture,
    variant: platform.variant,
  });
}

function numbered(prefix: Platform, from: number, to: number): Platform[] {
  const platforms = [];
  for (let version = from; version >= to; version--)
    platforms.push(normalizePlatform({ ...prefix, variant: `v${version}` }));
  return platforms;
}

/**
 * The platforms whose images run on `wanted`, best first: itself, then older variants of its architecture (arm/v7
 * takes v6 and v5), then the 32-bit architecture of the same family.
 * @see containerd/platforms, `platformVector`
 */
export function compatiblePlatforms(wanted: Platform): Platform[] {
  const platform = normalizePlatform(wanted);
  const version = Number(/^v(\d+)/.exec(platform.variant ?? "")?.[1] ?? 0);
  switch (platform.architecture) {
    case "amd64":
      return [...numbered(platform, Math.max(version, 1), 1), { os: platform.os, architecture: "386" }];
    case "arm":
      return [platform, ...numbered(platform, version - 1, 5)];
    case "arm64":
      return [
        platform,
        ...numbered(platform, version - 1, 8),
        ...numbered({ os: platform.os, architecture: "arm" }, 8, 5),
      ];
    default:
      return [platform];
  }
}

/**
 * The entry of an index that runs best on a platform. An index with a single entry that names no platform is taken
 * at its word.
 * @throws InputError `PLATFORM_NOT_FOUND`, which lists what there is.
 */
export function choosePlatform(
  manifests: readonly Descriptor[],
  wanted: Platform,
  image: string,
): Descriptor {
  for (const candidate of compatiblePlatforms(wanted)) {
    for (const descriptor of manifests) {
      const platform = platformOf(descriptor);
      if (platform && platformMatches(candidate, platform)) return descriptor;
    }
  }
  const [only] = manifests;
  if (only && manifests.length === 1 && !only.platform) return only;
  // Attestations sit in indexes as images for unknown/unknown.
  const offered = manifests
    .map(platformOf)
    .filter((platform) => platform !== undefined && platform.os !== "unknown")
    .map((platform) => formatPlatform(platform as Platform));
  const available = [...new Set(offered)].sort();
  throw new InputError(
    "PLATFORM_NOT_FOUND",
    `${image} has no image for ${formatPlatform(normalizePlatform(wanted))}`,
    {
      data: { image, available },
      hint:
        available.length > 0
          ? `It has ${available.join(", ")}: choose one with --platform.`
          : "Its index names no platforms: name a manifest by digest.",
    },
  );
}
