import { readFileSync } from "node:fs";
import { defaultCapabilities, defaultOpenFiles, resources } from "../rules/default-rules.ts";
import type { SandboxSpec } from "@slipway/engine-sdk";
import type { Libc } from "./libc.ts";
import { StubFailure, SystemCallError } from "./stub-failure.ts";

const PR_SET_KEEPCAPS = 8;
const PR_CAPBSET_DROP = 24;
const PR_CAP_AMBIENT = 47;
const PR_CAP_AMBIENT_RAISE = 2;
const infinity = 0xffff_ffff_ffff_ffffn;

/** The effective capabilities of this process, as bits. */
export function ownCapabilities(): bigint {
  const status = readFileSync("/proc/self/status", "latin1");
  return BigInt(`0x${/^CapEff:\s*(\w+)/m.exec(status)?.[1] ?? "0"}`);
}

/** One resource limit, as the kernel wants it. */
interface Limit {
  readonly resource: number;
  readonly soft: bigint;
  readonly hard: bigint;
}

/** The limits of a process: those of the spec over Slipway's defaults. */
export function limitsOf(libc: Libc, spec: SandboxSpec): Limit[] {
  const files = libc.getRlimit(resources["nofile"]!);
  const limits = new Map<number, Limit>([
    [
      resources["nofile"]!,
      { resource: resources["nofile"]!, soft: min(BigInt(defaultOpenFiles), files.hard), hard: files.hard },
    ],
  ]);
  for (const { name, soft, hard } of spec.ulimits) {
    const resource = resources[name];
    if (resource === undefined) {
      throw new StubFailure(
        "SANDBOX_ULIMIT_UNKNOWN",
        `there is no resource limit called ${name}`,
        `Use one of ${Object.keys(resources).join(", ")}.`,
      );
    }
    limits.set(resource, { resource, soft: kernelValue(soft), hard: kernelValue(hard) });
  }
  return [...limits.values()];
}

/** Raises hard limits while there is the privilege to do so; `applyLimits` does the rest when nothing else is to come. */
export function raiseHardLimits(libc: Libc, limits: readonly Limit[]): void {
  for (const { resource, hard } of limits) {
    const current = libc.getRlimit(resource);
    if (hard <= current.hard) continue;
    try {
      libc.setRlimit(resource, current.soft, hard);
    } catch (error) {
      throw limitFailure(resource, error);
    }
  }
}

/** Sets the limits. */
export function applyLimits(libc: Libc, limits: readonly Limit[]): void {
  for (const { resource, soft, hard } of limits) {
    try {
      libc.setRlimit(resource, soft, hard);
    } catch (error) {
      throw limitFailure(resource, error);
    }
  }
}

function limitFailure(resource: number, cause: unknown): unknown {
  if (!(cause instanceof SystemCallError)) return cause;
  const name = Object.keys(resources).find((key) => resources[key] === resource);
  return new StubFailure(
    "SANDBOX_START_FAILED",
    `the limit ${name} can't be set: ${cause.errno}`,
    "Ask for a lower hard limit, and a soft limit not above it.",
  );
}

function kernelValue(limit: number): bigint {
  return limit < 0 || !Number.isFinite(limit) ? infinity : BigInt(Math.trunc(limit));
}

function min(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}

/** Takes capabilities out of the bounding set, so that not even a setuid program gets them. */
export function dropBoundingSet(libc: Libc): void {
  for (let capability = 0; capability < 64; capability++) {
    if ((defaultCapabilities >> BigInt(capability)) & 1n) continue;
    // Fails at the first one that the kernel does not know.
    if (libc.prctl(PR_CAPBSET_DROP, capability) < 0) break;
  }
}

/**
 * Becomes the user of the spec. For a user other than root, the kernel takes all capabilities away at that; a privileged
 * step keeps them, whoever runs it.
 */
export function becomeUser(libc: Libc, spec: SandboxSpec): void {
  const sandboxed = spec.security === "sandbox";
  const own = sandboxed ? 0n : ownCapabilities();
  if (!sandboxed) libc.prctl(PR_SET_KEEPCAPS, 1);
  const { uid, gid, additionalGids } = spec.process;
  try {
    process.setgroups!([...additionalGids]);
  } catch (error) {
    // A user namespace made without privileges has no say in groups.
    const losesSome = additionalGids.some((id) => id !== gid);
    if ((error as NodeJS.ErrnoException).code !== "EPERM" || losesSome) throw error;
  }
  process.setgid!(gid);
  process.setuid!(uid);
  if (uid === 0 && sandboxed) setCapabilities(libc, { effective: defaultCapabilities, inheritable: 0n });
  if (!sandboxed) {
    setCapabilities(libc, { effective: own, inheritable: own });
    for (let capability = 0; capability < 64; capability++)
      if ((own >> BigInt(capability)) & 1n) libc.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability);
  }
}

function setCapabilities(libc: Libc, sets: { effective: bigint; inheritable: bigint }): void {
  const header = Buffer.alloc(8);
  header.writeUInt32LE(0x20080522, 0);
  // effective, permitted, inheritable; the low 32 bits, then the high ones.
  const data = Buffer.alloc(24);
  for (const [index, set] of [sets.effective, sets.effective, sets.inheritable].entries()) {
    data.writeUInt32LE(Number(set & 0xffff_ffffn), index * 4);
    data.writeUInt32LE(Number(set >> 32n), 12 + index * 4);
  }
  libc.capset(header, data);
}
