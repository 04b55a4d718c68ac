import type { ValueDocumentation } from "./instruction-documentation.ts";

/** Platforms that images are commonly published for. */
export const COMMON_PLATFORMS: readonly ValueDocumentation[] = [
  { value: "linux/amd64", summary: "64-bit x86." },
  { value: "linux/arm64", summary: "64-bit ARM: Apple silicon, Graviton, newer Raspberry Pis." },
  { value: "linux/arm/v7", summary: "32-bit ARM with hardware floating point." },
  { value: "linux/arm/v6", summary: "Older 32-bit ARM." },
  { value: "linux/386", summary: "32-bit x86." },
  { value: "linux/ppc64le", summary: "64-bit POWER, little endian." },
  { value: "linux/s390x", summary: "IBM Z." },
  { value: "linux/riscv64", summary: "64-bit RISC-V." },
  { value: "windows/amd64", summary: "Windows on 64-bit x86." },
];
