import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { InputError } from "@slipway/oci";
import type { CliIo } from "../io.ts";
import { UsageError } from "../usage-error.ts";
import type { BuildFlags } from "./build-flags.ts";

/** Names of the build file that are tried in the context, in order. */
const DEFAULT_FILE_NAMES = ["Dockerfile", "dockerfile", "Containerfile"];
/** More than any build file; keeps a mistaken `slipway build - < disk.img` from filling the memory. */
const MAX_STDIN_BYTES = 16 * 1024 * 1024;

/** Where a build reads from. */
export interface BuildInputs {
  /** `context`, `dockerfile` and named contexts as absolute paths. */
  readonly localDirs: Readonly<Record<string, string>>;
  /** `filename` and `context:NAME`. */
  readonly options: Readonly<Record<string, string>>;
  /** Removes what was made for this build (a build file from stdin). Synchronous, so that it works at exit. */
  cleanUp(): void;
}

/**
 * Finds the context, the build file and the named contexts of `slipway build`.
 * @throws UsageError when the flags contradict each other; InputError when a folder or file does not exist.
 */
export async function resolveBuildInputs(
  context: string,
  flags: BuildFlags,
  io: CliIo,
): Promise<BuildInputs> {
  if (context === "-" && flags.file === "-") {
    throw new UsageError(
      "stdin can't be both the context and the build file",
      "Give a folder as PATH, or leave -f away.",
    );
  }
  const named = namedContexts(flags.buildContext, io.cwd);
  const pipe = flags.file !== undefined && flags.file !== "-" ? path.resolve(io.cwd, flags.file) : undefined;
  const isPipe = pipe !== undefined && statSync(pipe, { throwIfNoEntry: false })?.isFIFO() === true;
  if (context === "-" || flags.file === "-" || isPipe) {
    if (context === "-" && flags.file !== undefined) {
      throw new UsageError(
        "-f names a file of the context, and the context from stdin is a build file alone",
        "Leave -f away.",
      );
    }
    const folder = context === "-" ? undefined : contextFolder(context, io.cwd);
    // A shell's <(…) can be read once only, and by nobody but us.
    const text = isPipe ? readFileSync(pipe) : await readBuildFileFromStdin(io);
    const temporary = mkdtempSync(path.join(os.tmpdir(), "slipway-stdin-"));
    mkdirSync(path.join(temporary, "file"));
    mkdirSync(path.join(temporary, "context"));
    writeFileSync(path.join(temporary, "file", "Dockerfile"), text);
    return {
      localDirs: {
        ...named.localDirs,
        context: folder ?? path.join(temporary, "context"),
        dockerfile: path.join(temporary, "file"),
      },
      options: { ...named.options, filename: "Dockerfile" },
      cleanUp: () => rmSync(temporary, { recursive: true, force: true }),
    };
  }
  const folder = contextFolder(context, io.cwd);
  const file = buildFile(folder, flags.file, io.cwd);
  return {
    localDirs: { ...named.localDirs, context: folder, dockerfile: path.dirname(file) },
    options: { ...named.options, filename: path.basename(file) },
    cleanUp: () => undefined,
  };
}

function contextFolder(context: string, cwd: string): string {
  if (/^(https?|git|ssh):\/\/|^git@|^github\.com\//.test(context)) {
    throw new InputError("CONTEXT_UNSUPPORTED", `contexts at a URL are not supported yet: ${context}`, {
      hint: "Clone or download it, and build the folder.",
    });
  }
  const folder = path.resolve(cwd, context);
  const status = statSync(folder, { throwIfNoEntry: false });
  if (!status) {
    throw new InputError("CONTEXT_NOT_FOUND", `unable to prepare context: path "${context}" not found`, {
      hint: "PATH is the folder that COPY reads from; `.` is the current one.",
    });
  }
  if (!status.isDirectory()) {
    throw new InputError("CONTEXT_NOT_FOLDER", `unable to prepare context: "${context}" is not a folder`, {
      hint: `To build with this file, write: slipway build -f ${context} ${path.dirname(context)}`,
    });
  }
  return folder;
}

function buildFile(folder: string, flag: string | undefined, cwd: string): string {
  if (flag !== undefined) {
    const file = path.resolve(cwd, flag);
    const status = statSync(file, { throwIfNoEntry: false });
    if (status?.isFile()) return file;
    const inContext = path.join(folder, flag);
    throw new InputError(
      "BUILD_FILE_NOT_FOUND",
      status ? `the build file ${flag} is not a file` : `the build file ${flag} does not exist`,
      {
        hint: existsSync(inContext)
          ? `-f is relative to the current folder, not to the context: write -f ${path.relative(cwd, inContext)}`
          : "-f is relative to the current folder.",
      },
    );
  }
  for (const name of DEFAULT_FILE_NAMES) {
    const file = path.join(folder, name);
    if (statSync(file, { throwIfNoEntry: false })?.isFile()) return file;
  }
  throw new InputError("BUILD_FILE_NOT_FOUND", `there is no Dockerfile in ${folder}`, {
    hint: "Name the build file with -f, or the folder that holds it as PATH.",
  });
}

function namedContexts(flags: readonly string[], cwd: string): Pick<BuildInputs, "localDirs" | "options"> {
  const localDirs: Record<string, string> = {};
  const options: Record<string, string> = {};
  for (const flag of flags) {
    const equals = flag.indexOf("=");
    const name = flag.slice(0, Math.max(equals, 0));
    const value = flag.slice(equals + 1);
    if (name === "" || value === "") {
      throw new UsageError(
        `--build-context "${flag}" is not of the form name=value`,
        "Write it as --build-context name=FOLDER or name=docker-image://IMAGE.",
      );
    }
    if (name === "context" || name === "dockerfile")
      throw new UsageError(`--build-context can't be named "${name}"`, "Choose another name.");
    if (/^[a-z][a-z0-9+-]*:\/\//.test(value) || value.startsWith("git@")) {
      options[`context:${name}`] = value;
      continue;
    }
    const folder = path.resolve(cwd, value);
    if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory()) {
      throw new InputError(
        "CONTEXT_NOT_FOUND",
        `failed to get build context ${name}: "${value}" is not a folder that exists`,
        {
          hint: "A named context is a folder, or starts with docker-image://.",
        },
      );
    }
    localDirs[name] = folder;
    options[`context:${name}`] = `local:${name}`;
  }
  return { localDirs, options };
}

async function readBuildFileFromStdin(io: CliIo): Promise<Buffer> {
  if (io.stdin.isTTY)
    throw new UsageError(
      "the build file should come from stdin, which is a terminal",
      "Redirect it: slipway build -f - . < Dockerfile",
    );
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  for await (const chunk of io.stdin) {
    chunks.push(Buffer.from(chunk as Uint8Array));
    sizeBytes += (chunk as Uint8Array).length;
    if (chunks.length === 1 || sizeBytes < 1024) rejectArchive(Buffer.concat(chunks));
    if (sizeBytes > MAX_STDIN_BYTES)
      throw new InputError("BUILD_FILE_TOO_LARGE", "what comes from stdin is too large for a build file", {
        hint: "Unpack an archive into a folder and build that.",
      });
  }
  const text = Buffer.concat(chunks);
  rejectArchive(text);
  if (text.toString().trim() === "")
    throw new InputError("BUILD_FILE_EMPTY", "the build file from stdin is empty", {
      hint: "Redirect it: slipway build -f - . < Dockerfile",
    });
  return text;
}

/** The first bytes of gzip, bzip2, xz and zstd; a tar archive has `ustar` at 257. */
const ARCHIVE_MAGICS = ["1f8b", "425a68", "fd377a585a00", "28b52ffd"];

function rejectArchive(bytes: Buffer): void {
  const isArchive = ARCHIVE_MAGICS.some(
    (magic) => bytes.subarray(0, magic.length / 2).toString("hex") === magic,
  );
  if (isArchive || bytes.subarray(257, 262).toString("latin1") === "ustar") {
    throw new InputError("CONTEXT_UNSUPPORTED", "contexts as an archive on stdin are not supported yet", {
      hint: "Unpack it into a folder and build that; a Dockerfile alone may come from stdin.",
    });
  }
}
