import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import type { BuildRequest } from "@slipway/engine";
import { InputError } from "@slipway/oci";
import type { CliIo } from "../io.ts";
import { UsageError } from "../usage-error.ts";
import type { BuildFlags } from "./build-flags.ts";
import { isRemoteContext } from "./context-address.ts";
import { namedContexts, type NamedContexts } from "./named-contexts.ts";

/** Names of the build file that are tried in the context, in order. */
const DEFAULT_FILE_NAMES = ["Dockerfile", "dockerfile", "Containerfile"];
/** The host that stands for this command in the address of what it uploads; the only upload is the context. */
const UPLOADED_CONTEXT = "http://buildkit-session/context";

/** Where a build reads from. */
export interface BuildInputs {
  /** `context`, `dockerfile` and named contexts as absolute paths; a context archive; layouts. */
  readonly lent: Pick<BuildRequest, "localDirs" | "uploads" | "ociLayouts">;
  /** `filename`, `context`, `dockerfilekey` and `context:NAME`. */
  readonly options: Readonly<Record<string, string>>;
  /** Removes what was made for this build (what came from stdin). Synchronous, so that it works at exit. */
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
  const named = await namedContexts(flags.buildContext, io.cwd);
  const isRemote = isRemoteContext(context) && !isFolder(path.resolve(io.cwd, context));
  const pipe = flags.file !== undefined && flags.file !== "-" ? path.resolve(io.cwd, flags.file) : undefined;
  const isPipe = pipe !== undefined && statSync(pipe, { throwIfNoEntry: false })?.isFIFO() === true;
  if (context === "-" || flags.file === "-" || isPipe) {
    const folder = context === "-" || isRemote ? undefined : contextFolder(context, io.cwd);
    const temporary = mkdtempSync(path.join(os.tmpdir(), "slipway-stdin-"));
    const cleanUp = (): void => rmSync(temporary, { recursive: true, force: true });
    const forget = cleanUpAtSignals(io, cleanUp);
    try {
      // A shell's <(…) can be read once only, and by nobody but us.
      const input = isPipe ? await fromPipe(pipe) : await fromStdin(io, context, { flags, temporary });
      if (input === "archive") {
        return {
          lent: { ...lent(named, {}), uploads: { context: path.join(temporary, "archive") } },
          options: {
            ...named.options,
            context: UPLOADED_CONTEXT,
            ...(flags.file === undefined ? {} : { filename: flags.file }),
          },
          cleanUp,
        };
      }
      mkdirSync(path.join(temporary, "file"));
      mkdirSync(path.join(temporary, "context"));
      writeFileSync(path.join(temporary, "file", "Dockerfile"), input);
      const dockerfile = path.join(temporary, "file");
      return {
        lent: lent(
          named,
          isRemote ? { dockerfile } : { dockerfile, context: folder ?? path.join(temporary, "context") },
        ),
        options: {
          ...named.options,
          filename: "Dockerfile",
          ...(isRemote ? { context, dockerfilekey: "dockerfile" } : {}),
        },
        cleanUp,
      };
    } catch (error) {
      cleanUp();
      throw error;
    } finally {
      forget();
    }
  }
  if (isRemote) return remoteInputs(context, flags, named);
  const folder = contextFolder(context, io.cwd);
  const file = buildFile(folder, flags.file, io.cwd);
  return {
    lent: lent(named, { context: folder, dockerfile: path.dirname(file) }),
    options: { ...named.options, filename: path.basename(file) },
    cleanUp: () => undefined,
  };
}

/** A build file of this machine is named by its absolute path, as with docker; any other is one of the context. */
function remoteInputs(context: string, flags: BuildFlags, named: NamedContexts): BuildInputs {
  const { file } = flags;
  const cleanUp = (): void => undefined;
  if (file === undefined || !path.isAbsolute(file)) {
    const options = { ...named.options, context, ...(file === undefined ? {} : { filename: file }) };
    return { lent: lent(named, {}), options, cleanUp };
  }
  if (!statSync(file, { throwIfNoEntry: false })?.isFile()) {
    throw new InputError("BUILD_FILE_NOT_FOUND", `the build file ${file} does not exist`, {
      hint: "With a context at a URL, an absolute path is a file of this machine; a relative one is a file of the context.",
    });
  }
  return {
    lent: lent(named, { dockerfile: path.dirname(file) }),
    options: { ...named.options, filename: path.basename(file), context, dockerfilekey: "dockerfile" },
    cleanUp,
  };
}

function lent(named: NamedContexts, folders: Readonly<Record<string, string>>): BuildInputs["lent"] {
  const hasLayouts = Object.keys(named.ociLayouts).length > 0;
  return {
    localDirs: { ...named.localDirs, ...folders },
    ...(hasLayouts ? { ociLayouts: named.ociLayouts } : {}),
  };
}

/** The build file from stdin, or "archive" when that is what came, as a context. */
async function fromStdin(
  io: CliIo,
  context: string,
  at: { readonly flags: BuildFlags; readonly temporary: string },
): Promise<Buffer | "archive"> {
  const { readStdin } = await import("./stdin-context.ts");
  const content = await readStdin(io, path.join(at.temporary, "archive"));
  if (content.kind === "archive") {
    if (context === "-") return "archive";
    throw new UsageError(
      "an archive came from stdin, and -f - reads a build file there",
      "Give the archive as the context: slipway build - < context.tar",
    );
  }
  if (context === "-" && at.flags.file !== undefined) {
    throw new UsageError(
      "-f names a file of the context, and what came from stdin is a build file, not an archive",
      "Leave -f away, or redirect a tar archive.",
    );
  }
  return content.text;
}

/** What comes from stdin may take long; a signal meanwhile must leave nothing behind. */
function cleanUpAtSignals(io: CliIo, cleanUp: () => void): () => void {
  const statuses = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;
  const stops = Object.entries(statuses).map(([name, status]) =>
    io.onSignal(name as NodeJS.Signals, () => {
      cleanUp();
      io.exit(status);
    }),
  );
  return () => stops.forEach((stop) => stop());
}

function isFolder(folder: string): boolean {
  return statSync(folder, { throwIfNoEntry: false })?.isDirectory() === true;
}

function contextFolder(context: string, cwd: string): string {
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

async function fromPipe(pipe: string): Promise<Buffer> {
  const [{ readPipe }, { MAX_FILE_BYTES }] = await Promise.all([
    import("./read-pipe.ts"),
    import("./stdin-context.ts"),
  ]);
  return readPipe(pipe, MAX_FILE_BYTES);
}
