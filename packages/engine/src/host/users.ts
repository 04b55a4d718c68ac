import { InputError } from "@slipway/oci";
import type { MergedView } from "@slipway/store";

/** Who a process runs as. */
export interface ProcessUser {
  readonly uid: number;
  readonly gid: number;
  readonly additionalGids: readonly number[];
  /** Home folder; `/` when the root filesystem does not know the user. */
  readonly home: string;
}

interface PasswdLine {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  readonly home: string;
}

interface GroupLine {
  readonly name: string;
  readonly gid: number;
  readonly members: readonly string[];
}

/** User databases are small; anything larger is made to do harm. */
const MAX_DATABASE_BYTES = 4 * 1024 * 1024;
const MAX_ID = 2 ** 32 - 2;

async function lines(view: MergedView, path: string): Promise<string[]> {
  if (view.resolve(path).found?.entry.kind !== "file") return [];
  const bytes = await view.readFile(path, { maxBytes: MAX_DATABASE_BYTES });
  return bytes.toString("utf8").split("\n");
}

async function passwd(view: MergedView): Promise<PasswdLine[]> {
  const found: PasswdLine[] = [];
  for (const line of await lines(view, "/etc/passwd")) {
    const [name = "", , uid = "", gid = "", , home = ""] = line.split(":");
    if (name !== "" && /^\d+$/.test(uid)) found.push({ name, uid: Number(uid), gid: Number(gid) || 0, home });
  }
  return found;
}

async function groups(view: MergedView): Promise<GroupLine[]> {
  const found: GroupLine[] = [];
  for (const line of await lines(view, "/etc/group")) {
    const [name = "", , gid = "", members = ""] = line.split(":");
    if (name !== "" && /^\d+$/.test(gid)) {
      found.push({ name, gid: Number(gid), members: members.split(",").filter(Boolean) });
    }
  }
  return found;
}

function numericId(text: string): number | undefined {
  if (!/^\d+$/.test(text)) return undefined;
  const id = Number(text);
  if (id > MAX_ID)
    throw new InputError("USER_INVALID", `${text} is too large for a user or group id`, {
      hint: `Ids go up to ${MAX_ID}.`,
    });
  return id;
}

/**
 * Reads `user[:group]` as Docker does: names are looked up in the root filesystem's /etc/passwd and /etc/group,
 * numbers need not be there. Without a group the user's own and its memberships count. Empty means root.
 * @throws InputError `USER_NOT_FOUND`, `GROUP_NOT_FOUND`, `USER_INVALID`
 * @see OCI image-spec, config.md, `User`
 */
export async function resolveUser(view: MergedView, text: string): Promise<ProcessUser> {
  const [userText = "", groupText] = text.split(":");
  const wanted = userText === "" ? "root" : userText;
  const users = await passwd(view);
  const id = numericId(wanted);
  const known =
    users.find((user) => user.name === wanted) ??
    (id === undefined ? undefined : users.find((user) => user.uid === id));
  // An image without /etc/passwd still has a root.
  if (!known && id === undefined && wanted !== "root") {
    throw new InputError(
      "USER_NOT_FOUND",
      `unable to find user ${wanted}: no matching entries in passwd file`,
      {
        hint: `Create the user in an earlier step, or use a number: USER 1000.`,
      },
    );
  }
  const uid = known?.uid ?? id ?? 0;
  const home = known?.home || "/";
  const all = await groups(view);
  if (groupText) {
    const gid = all.find((group) => group.name === groupText)?.gid ?? numericId(groupText);
    if (gid === undefined) {
      throw new InputError(
        "GROUP_NOT_FOUND",
        `unable to find group ${groupText}: no matching entries in group file`,
        {
          hint: `Create the group in an earlier step, or use a number: USER ${userText}:1000.`,
        },
      );
    }
    return { uid, gid, additionalGids: [], home };
  }
  const gid = known?.gid ?? 0;
  const additionalGids = known
    ? all.filter((group) => group.members.includes(known.name) && group.gid !== gid).map((group) => group.gid)
    : [];
  return { uid, gid, additionalGids: [...new Set(additionalGids)], home };
}
