import { InputError } from "./errors.ts";

/** @see OCI image-spec, image-index.md, `platform` */
export interface Platform {
  readonly os: string;
  readonly architecture: string;
  readonly variant?: string;
  readonly osVersion?: string;
  readonly osFeatures?: readonly string[];
}

const ARCHITECTURE_ALIASES: Readonly<Record<string, { architecture: string; variant?: string }>> = {
  x86_64: { architecture: "amd64" },
  "x86-64": { architecture: "amd64" },
  x64: { architecture: "amd64" },
  aarch64: { architecture: "arm64" },
  armhf: { architecture: "arm", variant: "v7" },
  armel: { architecture: "arm", variant: "v6" },
  i386: { architecture: "386" },
  ia32: { architecture: "386" },
};

/** What Go calls the processors that it builds for, and containerd takes without an os before them. */
const KNOWN_ARCHITECTURES = new Set(
  "386 amd64 arm arm64 loong64 mips mips64 mips64le mipsle ppc64 ppc64le riscv64 s390x wasm".split(" "),
);

/** What Go calls the systems that it builds for, and names of images that are for none of them. */
const KNOWN_OS = new Set(
  "aix android darwin dragonfly freebsd hurd illumos ios js linux nacl netbsd openbsd plan9 solaris wasi wasip1 windows zos unknown".split(
    " ",
  ),
);

/** Canonical form: aliases resolved, default variants (arm64 v8, arm v7, amd64 v1) made absent or explicit as containerd does. */
export function normalizePlatform(platform: Platform): Platform {
  const alias = ARCHITECTURE_ALIASES[platform.architecture.toLowerCase()];
  const architecture = alias?.architecture ?? platform.architecture.toLowerCase();
  let variant = platform.variant || alias?.variant;
  if (architecture === "arm64" && (variant === "v8" || variant === "8")) variant = undefined;
  if (architecture === "amd64" && variant === "v1") variant = undefined;
  if (architecture === "arm") variant = variant === undefined ? "v7" : variant.replace(/^(\d)/, "v$1");
  return {
    os: platform.os.toLowerCase(),
    architecture,
    ...(variant ? { variant } : {}),
    ...(platform.osVersion ? { osVersion: platform.osVersion } : {}),
    ...(platform.osFeatures?.length ? { osFeatures: platform.osFeatures } : {}),
  };
}

/**
 * Reads `os/arch`, `os/arch/variant`, or a lone os or architecture (the other half is the host's).
 * @throws InputError `PLATFORM_INVALID`
 */
export function parsePlatform(text: string): Platform {
  const parts = text.split("/");
  if (parts.length > 3 || parts.some((part) => !/^[A-Za-z0-9_.-]+$/.test(part))) {
    throw new InputError("PLATFORM_INVALID", `"${text}" is not a platform`, {
      hint: "Write it as os/architecture or os/architecture/variant, for example linux/arm64 or linux/arm/v7.",
    });
  }
  const [first = "", second, variant] = parts;
  if (second === undefined) {
    const host = hostPlatform();
    if (KNOWN_OS.has(first.toLowerCase())) return normalizePlatform({ ...host, os: first });
    const platform = normalizePlatform({ os: host.os, architecture: first });
    if (!KNOWN_ARCHITECTURES.has(platform.architecture)) {
      throw new InputError(
        "PLATFORM_INVALID",
        `"${text}" is neither an operating system nor an architecture`,
        {
          hint: "Write it as os/architecture, for example linux/arm64.",
        },
      );
    }
    return platform;
  }
  if (!KNOWN_OS.has(first.toLowerCase())) {
    throw new InputError("PLATFORM_INVALID", `"${first}" in "${text}" is no operating system`, {
      hint: `The operating system comes first: linux/${second}${variant === undefined ? "" : `/${variant}`}, for example.`,
    });
  }
  return normalizePlatform({ os: first, architecture: second, ...(variant ? { variant } : {}) });
}

export function formatPlatform(platform: Platform): string {
  return [platform.os, platform.architecture, platform.variant].filter(Boolean).join("/");
}

/** The platform that this process runs on; its os is always linux, the only one that Slipway builds for itself. */
export function hostPlatform(): Platform {
  return normalizePlatform({ os: "linux", architecture: process.arch });
}

/** True when an image for `candidate` is exactly what `wanted` asks for, after normalization. */
export function platformMatches(wanted: Platform, candidate: Platform): boolean {
  const a = normalizePlatform(wanted);
  const b = normalizePlatform(candidate);
  return a.os === b.os && a.architecture === b.architecture && (a.variant ?? "") === (b.variant ?? "");
}
