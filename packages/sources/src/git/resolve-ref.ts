import { InputError } from "@slipway/oci";
import { isCommitHash, type GitRequestSpec } from "./git-attrs.ts";
import type { GitSession } from "./git-session.ts";

/** What a reference stands for now. */
export interface PinnedRef {
  readonly commit: string;
  /** Hash of the annotated tag that leads to the commit. */
  readonly tag?: string;
  /** Full name; absent for a commit that was named by its hash. */
  readonly name?: string;
}

/** The pin of a spec that names its commit itself; undefined when the repository has to be asked. */
export function pinWithoutAsking(spec: GitRequestSpec): PinnedRef | undefined {
  if (spec.fetchByCommit && spec.checksum !== undefined) return { commit: spec.checksum };
  if (!isCommitHash(spec.ref)) return undefined;
  return checked(spec, { commit: spec.ref });
}

/**
 * Asks the repository what the ref is. A branch comes before a tag of the same name, as with BuildKit.
 * @throws InputError `GIT_REF_NOT_FOUND`, `GIT_CHECKSUM_MISMATCH`
 */
export async function askForRef(spec: GitRequestSpec, session: GitSession, cwd: string): Promise<PinnedRef> {
  const wanted = spec.ref === "" ? "HEAD" : spec.ref;
  const patterns = spec.ref === "" ? ["HEAD"] : [wanted, `${wanted}^{}`];
  const answer = await session.remote(["ls-remote", "--symref", "--", spec.remote.url, ...patterns], {
    cwd,
    subject: `ask ${spec.remote.url} for ${spec.ref === "" ? "its default branch" : wanted}`,
  });
  const hashes = new Map<string, string>();
  let head: string | undefined;
  for (const line of answer.split("\n")) {
    const [first = "", name = ""] = line.split("\t");
    if (first.startsWith("ref: ")) {
      if (name === "HEAD") head = first.slice("ref: ".length);
    } else if (isCommitHash(first)) hashes.set(name, first);
  }
  const candidates = [wanted, `refs/heads/${wanted}`, `refs/tags/${wanted}`, `refs/${wanted}`];
  const name = candidates.find((candidate) => hashes.has(candidate));
  if (name === undefined) {
    throw new InputError(
      "GIT_REF_NOT_FOUND",
      spec.ref === ""
        ? `${spec.remote.url} has no default branch`
        : `${spec.remote.url} has no branch or tag "${spec.ref}"`,
      {
        data: { ref: spec.ref },
        hint: /^[0-9a-f]{4,39}$/.test(spec.ref)
          ? "The hash of a commit has to be given whole, with all 40 digits."
          : "Check the name after #; `git ls-remote` lists those that there are.",
      },
    );
  }
  const hash = hashes.get(name)!;
  const commit = hashes.get(`${name}^{}`) ?? hash;
  return checked(spec, {
    commit,
    name: name === "HEAD" ? (head ?? name) : name,
    ...(commit === hash ? {} : { tag: hash }),
  });
}

function checked(spec: GitRequestSpec, pin: PinnedRef): PinnedRef {
  const { checksum } = spec;
  if (checksum === undefined || pin.commit.startsWith(checksum) || pin.tag?.startsWith(checksum) === true)
    return pin;
  const what = spec.ref === "" ? "the default branch" : `"${spec.ref}"`;
  const actual = pin.tag === undefined ? pin.commit : `${pin.commit} (tag ${pin.tag})`;
  throw new InputError(
    "GIT_CHECKSUM_MISMATCH",
    `${what} of ${spec.remote.url} is the commit ${actual}, it should be ${checksum}`,
    {
      data: { expected: checksum, actual: pin.commit },
      hint: "If it was meant to move, put the new commit into the build file; else do not use it.",
    },
  );
}
