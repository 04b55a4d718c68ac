import { describe, expect, test } from "vitest";
import { seccompProgram } from "./seccomp-bpf.ts";
import { deniedCalls } from "./seccomp-rules.ts";

/** Interprets the filter as the kernel does. */
function verdict(arch: string, call: { number: number; arch: number; argument?: number }): number {
  const { bytes, instructions } = seccompProgram(arch);
  const data: Record<number, number> = { 0: call.number, 4: call.arch, 16: call.argument ?? 0 };
  let value = 0;
  for (let at = 0; at < instructions; at++) {
    const [code, ifTrue, ifFalse, constant] = [
      bytes.readUInt16LE(at * 8),
      bytes[at * 8 + 2]!,
      bytes[at * 8 + 3]!,
      bytes.readUInt32LE(at * 8 + 4),
    ];
    if (code === 0x20) value = data[constant]!;
    else if (code === 0x05) at += constant;
    else if (code === 0x15) at += value === constant ? ifTrue : ifFalse;
    else if (code === 0x35) at += value >= constant ? ifTrue : ifFalse;
    else if (code === 0x45) at += (value & constant) !== 0 ? ifTrue : ifFalse;
    else return constant;
  }
  throw new Error("ran off the end");
}

const [x64, i386, arm64] = [0xc000003e, 0x40000003, 0xc00000b7];
const [allow, eperm, enosys, kill] = [0x7fff0000, 0x50001, 0x50026, 0x80000000];

describe("the seccomp filter", () => {
  test("fails every denied call with EPERM, by the numbers of each architecture", () => {
    for (const call of deniedCalls) {
      for (const [arch, own, number] of [
        ["x64", x64, call.x86_64],
        ["x64", i386, call.i386],
        ["arm64", arm64, call.aarch64],
      ] as const) {
        if (number !== undefined)
          expect(verdict(arch, { number, arch: own }), `${call.name} on ${arch}`).toBe(eperm);
      }
    }
  });

  test("no number stands for two calls", () => {
    for (const column of ["x86_64", "i386", "aarch64"] as const) {
      const numbers = deniedCalls.map((call) => call[column]).filter((number) => number !== undefined);
      expect(new Set(numbers).size, column).toBe(numbers.length);
    }
  });

  test("allows what programs live on", () => {
    for (const number of [0, 1, 2, 9, 39, 57, 59, 60, 101, 133, 161, 257, 259])
      expect(verdict("x64", { number, arch: x64 })).toBe(allow);
    for (const number of [1, 3, 4, 5, 11, 45]) expect(verdict("x64", { number, arch: i386 })).toBe(allow);
    for (const number of [56, 63, 64, 93, 117, 221])
      expect(verdict("arm64", { number, arch: arm64 })).toBe(allow);
  });

  test("allows clone for threads and processes, not for namespaces, and sends clone3's callers to clone", () => {
    const clone = (argument: number) => verdict("x64", { number: 56, arch: x64, argument });
    expect(clone(0x3d0f00)).toBe(allow);
    expect(clone(17)).toBe(allow);
    for (const flag of [0x20000, 0x2000000, 0x4000000, 0x8000000, 0x10000000, 0x20000000, 0x40000000])
      expect(clone(flag | 17)).toBe(eperm);
    expect(verdict("x64", { number: 435, arch: x64 })).toBe(enosys);
  });

  test("refuses sockets to the hypervisor only", () => {
    const socket = (argument: number) => verdict("x64", { number: 41, arch: x64, argument });
    expect([socket(2), socket(1), socket(40)]).toEqual([allow, allow, eperm]);
  });

  test("x32 calls do not exist, and foreign architectures kill", () => {
    expect(verdict("x64", { number: 0x40000000 + 1, arch: x64 })).toBe(enosys);
    expect(verdict("x64", { number: 1, arch: arm64 })).toBe(kill);
    expect(verdict("arm64", { number: 1, arch: x64 })).toBe(kill);
  });
});
