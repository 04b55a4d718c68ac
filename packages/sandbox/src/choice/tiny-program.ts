/** A static program that does nothing but exit with 0. */
export function exitingProgram(arch: string = process.arch): Buffer {
  return elf(arch, arch === "arm64" ? [0xd2800000, 0xd2800ba8, 0xd4000001] : [0x3cb8ff31, 0x0f000000, 0x05]);
}

/** A static program that dies of SIGSEGV: it halts the processor, or reads address 0. */
export function crashingProgram(arch: string = process.arch): Buffer {
  return elf(arch, arch === "arm64" ? [0xd2800000, 0xf9400000] : [0xf4]);
}

/** An ELF file of one segment that starts with `words` of machine code. @see elf(5) */
function elf(arch: string, words: readonly number[]): Buffer {
  const address = 0x400000n;
  const headers = 64 + 56;
  const file = Buffer.alloc(headers + words.length * 4);
  file.write("\u007fELF", 0, "latin1");
  file.set([2, 1, 1], 4); // 64 bits, little-endian, version 1
  file.writeUInt16LE(2, 16); // an executable
  file.writeUInt16LE(arch === "arm64" ? 183 : 62, 18);
  file.writeUInt32LE(1, 20);
  file.writeBigUInt64LE(address + BigInt(headers), 24); // where it starts
  file.writeBigUInt64LE(64n, 32); // where the program header is
  file.writeUInt16LE(64, 52);
  file.writeUInt16LE(56, 54);
  file.writeUInt16LE(1, 56);
  file.writeUInt32LE(1, 64); // a segment to be loaded
  file.writeUInt32LE(5, 68); // to read and execute
  file.writeBigUInt64LE(address, 80);
  file.writeBigUInt64LE(address, 88);
  file.writeBigUInt64LE(BigInt(file.length), 96);
  file.writeBigUInt64LE(BigInt(file.length), 104);
  file.writeBigUInt64LE(0x10000n, 112);
  words.forEach((word, index) => file.writeUInt32LE(word, headers + index * 4));
  return file;
}
