import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { executeFailure, findExecutable, type FileView } from "./find-executable.ts";
import type { Libc } from "./libc.ts";
import { descriptorPath } from "./root-filesystem.ts";

/**
 * Looks a command up inside a root from without, and checks that its interpreter is there: a runtime tells such
 * failures in words only, or not at all.
 * @throws StubFailure `COMMAND_NOT_FOUND`, `COMMAND_NOT_EXECUTABLE`.
 */
export function checkExecutable(
  libc: Libc,
  rootFd: number,
  process: { args: readonly string[]; env: readonly string[]; cwd: string },
): void {
  const view = rootedView(libc, rootFd, process.cwd);
  const file = findExecutable(process.args[0] ?? "", process.env, view);
  const interpreter = interpreterOf(libc, rootFd, absolute(process.cwd, file));
  if (interpreter !== undefined && view.kindOf(interpreter) === undefined)
    throw executeFailure(file, "ENOENT");
}

function rootedView(libc: Libc, rootFd: number, cwd: string): FileView {
  const stat = (file: string): ReturnType<typeof fstatSync> | undefined => {
    const fd = libc.openInRoot(rootFd, absolute(cwd, file));
    if (fd === undefined) return undefined;
    try {
      return fstatSync(fd);
    } finally {
      closeSync(fd);
    }
  };
  return {
    kindOf: (file) => {
      const found = stat(file);
      return found === undefined ? undefined : found.isDirectory() ? "folder" : "file";
    },
    // Whether this very user may is for the kernel to say, which knows of access lists.
    isExecutable(file) {
      const found = stat(file);
      // What is no file is not even opened: a pipe would wait for somebody who writes into it.
      return found?.isFile() === true && (Number(found.mode) & 0o111) !== 0;
    },
  };
}

/** The program that the kernel would start for `file`: a script's, or an ELF file's loader. */
function interpreterOf(libc: Libc, rootFd: number, file: string): string | undefined {
  const pathFd = libc.openInRoot(rootFd, file);
  if (pathFd === undefined) return undefined;
  const fd = openSync(descriptorPath(pathFd), "r");
  try {
    const head = Buffer.alloc(4096);
    const length = readSync(fd, head, 0, head.length, 0);
    const text = head.toString("latin1", 0, length);
    if (text.startsWith("#!")) return /^#![ \t]*([^ \t\n\0]+)/.exec(text)?.[1];
    if (!text.startsWith("\u007fELF\u0002\u0001")) return undefined;
    const [table, size, count] = [
      Number(head.readBigUInt64LE(32)),
      head.readUInt16LE(54),
      head.readUInt16LE(56),
    ];
    for (let index = 0; index < count && table + (index + 1) * size <= length; index++) {
      const at = table + index * size;
      if (head.readUInt32LE(at) !== 3) continue;
      const start = Number(head.readBigUInt64LE(at + 8));
      return text.slice(start, start + Number(head.readBigUInt64LE(at + 32))).split("\0")[0];
    }
    return undefined;
  } finally {
    closeSync(fd);
    closeSync(pathFd);
  }
}

function absolute(cwd: string, file: string): string {
  return file.startsWith("/") ? file : `${cwd}/${file}`;
}
