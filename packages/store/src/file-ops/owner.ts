import { InputError } from "@slipway/oci";
import { NO_INPUT } from "@slipway/ir";
import type { ChownOpt, UserOpt } from "@slipway/ir";
import type { ReadableFilesystem } from "./pending-filesystem.ts";

/** Numeric owner. */
export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

const MAX_FILE_BYTES = 16 << 20;

export interface OwnerLookup {
  /** Gives the filesystem of a `UserOpt.input`. */
  filesystemOf(input: number): ReadableFilesystem;
  /** Told of names that are not in the image; absent: they are thrown. */
  onUnknown?(error: InputError): void;
}

/**
 * The owner that an action asks for; undefined when it asks for none. A user without a group brings its own group:
 * by name that of passwd, by number the same number. A group alone leaves the user root. Names that an image does not
 * know count for nothing, as for BuildKit, so that the user is root and the group the user's; an empty filesystem
 * cannot be asked for names at all.
 * @throws InputError `USER_NOT_FOUND`, `GROUP_NOT_FOUND`
 */
export async function resolveOwner(
  chown: ChownOpt | undefined,
  lookup: OwnerLookup,
): Promise<Owner | undefined> {
  if (chown?.user === undefined && chown?.group === undefined) return undefined;
  let owner: Owner = { uid: 0, gid: 0 };
  const { user, group } = chown;
  if (user?.kind === "id") owner = { uid: user.id, gid: user.id };
  else if (user !== undefined) {
    const [, , uid, gid] = (await findLine(user, { ...USERS, lookup })) ?? [];
    if (uid !== undefined) owner = { uid: Number(uid), gid: Number(gid) };
  }
  if (group?.kind === "id") owner = { ...owner, gid: group.id };
  else if (group !== undefined) {
    const [, , gid] = (await findLine(group, { ...GROUPS, lookup })) ?? [];
    if (gid !== undefined) owner = { ...owner, gid: Number(gid) };
  }
  return { uid: idOf(owner.uid), gid: idOf(owner.gid) };
}

/** Number that leaves an owner as it is, which is root for everything that a step makes. @see chown(2) */
const UNCHANGED_ID = 0xffff_ffff;

function idOf(id: number): number {
  return id === UNCHANGED_ID ? 0 : id;
}

const USERS = { file: "etc/passwd", fields: 4 } as const;
const GROUPS = { file: "etc/group", fields: 3 } as const;

/** Fields of the line of passwd or group that begins with the name. */
async function findLine(
  { name, input }: Extract<UserOpt, { kind: "name" }>,
  where: (typeof USERS | typeof GROUPS) & { readonly lookup: OwnerLookup },
): Promise<string[] | undefined> {
  const { lookup } = where;
  const filesystem = lookup.filesystemOf(input);
  const isThere = filesystem.resolve(where.file).found !== undefined;
  const text = isThere
    ? (await filesystem.readFile(where.file, { maxBytes: MAX_FILE_BYTES })).toString("utf8")
    : "";
  for (const line of text.split("\n")) {
    const fields = line.trim().split(":");
    const hasNumbers =
      fields.length >= where.fields && fields.slice(2, where.fields).every((field) => /^\d+$/.test(field));
    if (fields[0] === name && hasNumbers) return fields;
  }
  const isUser = where.file === "etc/passwd";
  const error = new InputError(
    isUser ? "USER_NOT_FOUND" : "GROUP_NOT_FOUND",
    `there is no ${isUser ? "user" : "group"} "${name}" in /${where.file}`,
    {
      hint: isThere
        ? `Create it in an earlier step, or write its number.`
        : `The image has no /${where.file}: write the number instead of the name.`,
      data: { name },
    },
  );
  if (lookup.onUnknown === undefined || input === NO_INPUT) throw error;
  lookup.onUnknown(error);
  return undefined;
}
