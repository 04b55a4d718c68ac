import {
  clone3Call,
  cloneCall,
  deniedCalls,
  deniedSocketFamily,
  namespaceFlags,
  socketCall,
  type DeniedCall,
} from "./seccomp-rules.ts";

type Table = "x86_64" | "i386" | "aarch64";

const auditArch = { x86_64: 0xc000003e, i386: 0x40000003, aarch64: 0xc00000b7 };

// Classic BPF: opcode, jump if true, jump if false, constant.
const LOAD = 0x20;
const JUMP_EQUAL = 0x15;
const JUMP_AT_LEAST = 0x35;
const JUMP_ANY_BIT = 0x45;
const RETURN = 0x06;

// Offsets in struct seccomp_data; the low half of the first argument.
const NUMBER = 0;
const ARCH = 4;
const ARGUMENT = 16;

const ALLOW = 0x7fff0000;
const KILL_PROCESS = 0x80000000;
const FAIL = 0x00050000;
const EPERM = FAIL | 1;
const ENOSYS = FAIL | 38;
const X32_BIT = 0x40000000;

type Instruction = readonly [code: number, ifTrue: number, ifFalse: number, constant: number];

/** A seccomp filter as the kernel takes it. */
export interface SeccompProgram {
  /** Eight bytes for each instruction. */
  readonly bytes: Buffer;
  readonly instructions: number;
}

/**
 * The filter for processes of `arch` (`process.arch`): the machine's own calls and, on x64, those of 32-bit programs;
 * x32 calls give ENOSYS, and calls of any other architecture kill.
 */
export function seccompProgram(arch: string): SeccompProgram {
  const tables: readonly Table[] = arch === "arm64" ? ["aarch64"] : ["x86_64", "i386"];
  const program: Instruction[] = [[LOAD, 0, 0, ARCH]];
  for (const table of tables) {
    const rules = rulesOf(table);
    // A jump reaches 255 instructions at most, so each table is skipped by returning from within it: the check of the
    // architecture is a pair of jumps to what follows.
    program.push([JUMP_EQUAL, 0, 1, auditArch[table]], [0x05, 0, 0, 1], [0x05, 0, 0, rules.length], ...rules);
  }
  program.push([RETURN, 0, 0, KILL_PROCESS]);
  const bytes = Buffer.alloc(program.length * 8);
  program.forEach(([code, ifTrue, ifFalse, constant], index) => {
    bytes.writeUInt16LE(code, index * 8);
    bytes[index * 8 + 2] = ifTrue;
    bytes[index * 8 + 3] = ifFalse;
    bytes.writeUInt32LE(constant >>> 0, index * 8 + 4);
  });
  return { bytes, instructions: program.length };
}

function rulesOf(table: Table): Instruction[] {
  const rules: Instruction[] = [[LOAD, 0, 0, NUMBER]];
  if (table === "x86_64") rules.push([JUMP_AT_LEAST, 0, 1, X32_BIT], [RETURN, 0, 0, ENOSYS]);
  const add = (call: DeniedCall, ...then: Instruction[]): void => {
    const number = call[table];
    if (number !== undefined) rules.push([JUMP_EQUAL, 0, then.length, number], ...then);
  };
  for (const call of deniedCalls) add(call, [RETURN, 0, 0, EPERM]);
  add(clone3Call, [RETURN, 0, 0, ENOSYS]);
  add(
    cloneCall,
    [LOAD, 0, 0, ARGUMENT],
    [JUMP_ANY_BIT, 0, 1, namespaceFlags],
    [RETURN, 0, 0, EPERM],
    [RETURN, 0, 0, ALLOW],
  );
  add(
    socketCall,
    [LOAD, 0, 0, ARGUMENT],
    [JUMP_EQUAL, 0, 1, deniedSocketFamily],
    [RETURN, 0, 0, EPERM],
    [RETURN, 0, 0, ALLOW],
  );
  rules.push([RETURN, 0, 0, ALLOW]);
  return rules;
}
