import { SlipwayError, WorldError } from "@slipway/oci";

/** The errno name of an error of `node:fs`, or of a WorldError made from one; else undefined. */
export function errnoOf(error: unknown): string | undefined {
  if (error instanceof SlipwayError)
    return typeof error.data.errno === "string" ? error.data.errno : undefined;
  const code = (error as { code?: unknown } | undefined)?.code;
  return typeof code === "string" && /^E[A-Z0-9]+$/.test(code) ? code : undefined;
}

/** Whether an error says that the disk, or the user's share of it, is full. */
export function isDiskFull(error: unknown): boolean {
  const errno = errnoOf(error);
  return (
    errno === "ENOSPC" || errno === "EDQUOT" || (error instanceof SlipwayError && error.code === "DISK_FULL")
  );
}

/**
 * The error to throw for one that came from the filesystem: `DISK_FULL` and `STORE_READONLY` say what to do, others
 * become `STORE_IO`. Errors of Slipway's own and everything that is no system error pass unchanged.
 */
export function worldErrorOf(error: unknown, path: string): unknown {
  if (error instanceof SlipwayError) return error;
  const errno = errnoOf(error);
  if (errno === undefined) return error;
  switch (errno) {
    case "ENOSPC":
    case "EDQUOT":
      return new WorldError("DISK_FULL", `no space left on the disk that holds ${path}`, {
        hint: "Free some with `slipway prune`, or choose another place with --root or SLIPWAY_ROOT.",
        cause: error,
        data: { path, errno },
      });
    case "EROFS":
    case "EACCES":
    case "EPERM":
      return new WorldError("STORE_NOT_WRITABLE", `not allowed: ${(error as Error).message}`, {
        hint: "Choose a folder that you may write to with --root or SLIPWAY_ROOT.",
        cause: error,
        data: { path, errno },
      });
    case "EMFILE":
    case "ENFILE":
      return new WorldError("STORE_IO", `too many open files at ${path}`, {
        hint: "Raise the limit with `ulimit -n`; each cache mount of a step takes one.",
        retryable: true,
        cause: error,
        data: { path, errno },
      });
    default:
      return new WorldError("STORE_IO", (error as Error).message, {
        hint: "Check the disk that holds the store; --root or SLIPWAY_ROOT choose another.",
        cause: error,
        data: { path, errno },
      });
  }
}

/** Runs `work`; errors of the filesystem come out as WorldErrors that name `path`. */
export function withWorldErrors<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw worldErrorOf(error, path);
  }
}

/** As `withWorldErrors`, for work that takes its time. */
export async function withWorldErrorsAsync<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw worldErrorOf(error, path);
  }
}
