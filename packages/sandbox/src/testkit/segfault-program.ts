/** A static ELF program of 132 bytes whose only instruction is one that no process may execute: it dies of SIGSEGV. */
export function segfaultProgram(): Buffer {
  const program = Buffer.alloc(64 + 56 + 4);
  program.write("\u007fELF", 0, "latin1");
  program.set([2, 1, 1], 4); // 64 bits, little-endian, version 1
  program.writeUInt16LE(2, 16); // an executable
  program.writeUInt16LE(process.arch === "arm64" ? 183 : 62, 18);
  program.writeUInt32LE(1, 20);
  program.writeBigUInt64LE(0x400078n, 24); // where it starts: after the headers
  program.writeBigUInt64LE(64n, 32); // where the program header is
  program.writeUInt16LE(64, 52);
  program.writeUInt16LE(56, 54);
  program.writeUInt16LE(1, 56);
  program.writeUInt32LE(1, 64); // to be loaded
  program.writeUInt32LE(5, 68); // read, execute
  program.writeBigUInt64LE(0x400000n, 80);
  program.writeBigUInt64LE(0x400000n, 88);
  program.writeBigUInt64LE(BigInt(program.length), 96);
  program.writeBigUInt64LE(BigInt(program.length), 104);
  program.writeBigUInt64LE(0x1000n, 112);
  // hlt on x64, a read of address 0 on arm64
  if (process.arch === "arm64") program.writeUInt32LE(0xf94003ff, 120);
  else program[120] = 0xf4;
  return program;
}
