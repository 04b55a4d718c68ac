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
  (
    "386 amd64 amd64p32 arm arm64 arm64be armbe loong64 mips mips64 mips64le mips64p32 mips64p32le mipsle " +
    "ppc ppc64 ppc64le riscv riscv64 s390 s390x sparc sparc64 wasm"
  ).split(" "),
);

/** What Go calls the systems that it builds for, and names of images that are for none of them. */
const KNOWN_OS = new Set(
  "aix android darwin dragonfly freebsd hurd illumos ios js linux macos nacl netbsd openbsd plan9 solaris wasi wasip1 windows zos unknown".split(
    " ",
  ),
);

/** Canonical form: aliases resolved, default variants (arm64 v8, arm v7, amd64 v1) made absent or explicit as containerd does. */
export function normalizePlatform(platform: Platform): Platform {
  const alias = ARCHITECTURE_ALIASES[platform.architecture.toLowerCase()];
  const architecture = alias?.architecture ?? platform.architecture.toLowerCase();
  const os = platform.os.toLowerCase();
  let variant = platform.variant || alias?.variant;
  if (architecture === "arm64" && (variant === "v8" || variant === "8")) variant = undefined;
  if (architecture === "amd64" && variant === "v1") variant = undefined;
  if (architecture === "arm") variant = variant === undefined ? "v7" : variant.replace(/^(\d)/, "v$1");
  return {
    os: os === "macos" ? "darwin" : os,
    architecture,
    ...(variant ? { variant } : {}),
    ...(platform.osVersion ? { osVersion: platform.osVersion } : {}),
    ...(platform.osFeatures?.length ? { osFeatures: platform.osFeatures } : {}),
  };
}

const COMPONENT = /^[A-Za-z0-9_.-]+$/;
const OS_AND_VERSION = /^([A-Za-z0-9_-]+)(?:\(([A-Za-z0-9_.-]*)\))?$/;

/**
 * Reads `os/arch`, `os/arch/variant`, or a lone os or architecture (the other half is the host's). An os may have its
 * version in parentheses behind it: `windows(10.0.17763)/amd64`.
 * @param options.anyOs takes an os that nobody has heard of, as Dockerfiles may name one; default: it is taken for a mistake
 * @throws InputError `PLATFORM_INVALID`
 */
export function parsePlatform(text: string, options: { readonly anyOs?: boolean } = {}): Platform {
  const [first = "", second, variant, ...rest] = text.split("/");
  const system = OS_AND_VERSION.exec(first);
  const others = [second, variant].filter((part) => part !== undefined);
  // A lone architecture may be any component.
  const isWritten = system !== null || (second === undefined && COMPONENT.test(first));
  if (!isWritten || rest.length > 0 || others.some((part) => !COMPONENT.test(part))) {
    throw new InputError("PLATFORM_INVALID", `"${text}" is not a platform`, {
      hint: "Write it as os/architecture or os/architecture/variant, for example linux/arm64 or linux/arm/v7.",
    });
  }
  const [, os = first, version = ""] = system ?? [];
  const osVersion = version === "" ? {} : { osVersion: version };
  const isKnownOs = KNOWN_OS.has(os.toLowerCase());
  if (second === undefined) return loneComponent(text, isKnownOs ? { os, ...osVersion } : undefined);
  if (!isKnownOs && options.anyOs !== true) {
    throw new InputError("PLATFORM_INVALID", `"${first}" in "${text}" is no operating system`, {
      hint: `The operating system comes first: linux/${second}${variant === undefined ? "" : `/${variant}`}, for example.`,
    });
  }
  return normalizePlatform({ os, architecture: second, ...(variant ? { variant } : {}), ...osVersion });
}

function loneComponent(text: string, system: Pick<Platform, "os" | "osVersion"> | undefined): Platform {
  const host = hostPlatform();
  if (system !== undefined) return normalizePlatform({ ...host, ...system });
  const platform = normalizePlatform({ os: host.os, architecture: text });
  if (KNOWN_ARCHITECTURES.has(platform.architecture)) return platform;
  throw new InputError("PLATFORM_INVALID", `"${text}" is neither an operating system nor an architecture`, {
    hint: "Write it as os/architecture, for example linux/arm64.",
  });
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
