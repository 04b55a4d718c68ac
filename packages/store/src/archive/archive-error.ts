import { InputError, SlipwayError, WorldError } from "@slipway/oci";
import { textOfBytes } from "../layer-index/byte-path.ts";

/** What is wrong with an archive. */
export type ArchiveErrorCode =
  | "ARCHIVE_BAD_CHECKSUM"
  | "ARCHIVE_BAD_COMPRESSION"
  | "ARCHIVE_BAD_HEADER"
  | "ARCHIVE_BAD_WHITEOUT"
  | "ARCHIVE_BAD_XATTR"
  | "ARCHIVE_HARDLINK_TARGET"
  | "ARCHIVE_HEADER_TOO_LARGE"
  | "ARCHIVE_PARENT_NOT_DIRECTORY"
  | "ARCHIVE_PATH_THROUGH_SYMLINK"
  | "ARCHIVE_PATH_TOO_LONG"
  | "ARCHIVE_TOOL_MISSING"
  | "ARCHIVE_TOO_MANY_LINKS"
  | "ARCHIVE_TRUNCATED"
  | "ARCHIVE_UNSUPPORTED_TYPE";

const HINTS: Record<ArchiveErrorCode, string> = {
  ARCHIVE_BAD_CHECKSUM: "The archive is damaged, or no tar archive at all: fetch or make it again.",
  ARCHIVE_BAD_COMPRESSION:
    "The archive is damaged, or compressed in another way than it says: fetch or make it again.",
  ARCHIVE_BAD_HEADER: "The archive is damaged or made by a faulty program: fetch or make it again.",
  ARCHIVE_BAD_WHITEOUT:
    "The layer is damaged or made by a faulty program: a whiteout must name an entry of its folder.",
  ARCHIVE_BAD_XATTR:
    "Make the archive again without this attribute (tar --no-xattrs); capabilities can be set in a step with setcap.",
  ARCHIVE_HARDLINK_TARGET: "A hard link may only name a file that comes before it in the same archive.",
  ARCHIVE_HEADER_TOO_LARGE: "Names and extended attributes of one entry may take 1 MiB at most.",
  ARCHIVE_PARENT_NOT_DIRECTORY:
    "The archive names an entry below something that is no folder: make it again.",
  ARCHIVE_PATH_THROUGH_SYMLINK: "Entries must be named by their real folder, not through a symbolic link.",
  ARCHIVE_PATH_TOO_LONG: "Linux allows 255 bytes for a name and 4095 for a path.",
  ARCHIVE_TOOL_MISSING:
    "Install the program, or pack the archive without: xz --check=crc64, gzip and zstd need none.",
  ARCHIVE_TOO_MANY_LINKS:
    "Make the archive again with copies or symbolic links (tar --hard-dereference), or put the store on another file system with --root.",
  ARCHIVE_TRUNCATED: "The archive ends too early: fetch or make it again.",
  ARCHIVE_UNSUPPORTED_TYPE: "Make the archive with ordinary files, folders, links, devices and pipes only.",
};

/** The error with the name of the archive that it is about; other errors than those of archives as they are. */
export function inArchive(error: unknown, archive: string): unknown {
  if (!(error instanceof SlipwayError) || !error.code.startsWith("ARCHIVE_")) return error;
  const { code, message, hint, cause, data } = error;
  const options = { ...(hint === undefined ? {} : { hint }), cause, data: { ...data, archive } };
  const text = `${archive}: ${message}`;
  return error instanceof WorldError
    ? new WorldError(code, text, { ...options, retryable: error.retryable })
    : new InputError(code, text, options);
}

/**
 * For an owner that the user namespace does not have. `entry` in bytes.
 * @param advice what else can be done, as a sentence
 */
export function ownerNotMapped(
  entry: string,
  { uid, gid }: { readonly uid: number; readonly gid: number },
  advice?: string,
): WorldError<"OWNER_NOT_MAPPED"> {
  const name = textOfBytes(entry === "" ? "/" : entry);
  return new WorldError(
    "OWNER_NOT_MAPPED",
    `"${name}" belongs to user ${uid} and group ${gid}, which this user namespace does not have`,
    {
      hint: `Install uidmap and list your user in /etc/subuid and /etc/subgid, or build as root. \`slipway doctor\` shows how many ids there are.${advice === undefined ? "" : ` ${advice}`}`,
      data: { entry: name, uid, gid },
    },
  );
}

/** An archive that cannot be read or written; `entry` is the name of the entry at fault, in bytes. */
export function archiveError(
  code: ArchiveErrorCode,
  message: string,
  entry?: string,
  cause?: unknown,
): InputError {
  const name =
    entry === undefined ? undefined : textOfBytes(entry.length > 200 ? `${entry.slice(0, 200)}…` : entry);
  return new InputError(code, name === undefined ? message : `"${name}": ${message}`, {
    hint: HINTS[code],
    cause,
    ...(name === undefined ? {} : { data: { entry: name } }),
  });
}
