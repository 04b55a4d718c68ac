import { InputError, InvariantError, unreachable } from "@slipway/oci";
import { NO_INPUT, NO_OUTPUT } from "@slipway/ir";
import type {
  FileAction,
  FileOp,
  InputIndex,
  MkdirAction,
  MkfileAction,
  RmAction,
  SymlinkAction,
} from "@slipway/ir";
import type { Lookup, MergedView } from "../contracts.ts";
import { bytesOfText, parentOf, textOfBytes } from "../layer-index/byte-path.ts";
import type { BytePath } from "../layer-index/byte-path.ts";
import type { EntryMetadata, LayerIndex } from "../layer-index/entry.ts";
import { copyFiles } from "./copy-files.ts";
import { cleaned, expandWildcards, fileNotFound } from "./find-sources.ts";
import { resolveOwner } from "./owner.ts";
import type { Owner, OwnerLookup } from "./owner.ts";
import { EMPTY_FILESYSTEM, metadataOf, PendingFilesystem } from "./pending-filesystem.ts";
import type { ReadableFilesystem } from "./pending-filesystem.ts";

export interface FileOpRequest {
  readonly op: FileOp;
  /** The filesystem of each input of the vertex. */
  readonly inputs: readonly MergedView[];
  readonly signal: AbortSignal;
  /** Modification time of what is made without a source and without a timestamp of its own; default 0. */
  readonly defaultMtimeNs?: bigint;
  /**
   * Gives what is in an archive for copies that unpack; null when the file is none. `view` is the input that it is
   * from. Absent: nothing is unpacked.
   */
  unpack?(file: Lookup, view: MergedView): Promise<MergedView | null>;
  /** Told of users and groups that the image does not know, who then count for nothing; absent: they are thrown. */
  readonly onUnknownOwner?: (error: InputError) => void;
}

export interface FileOpOutput {
  /** The input that the changes are over; `NO_INPUT` for an empty filesystem. */
  readonly base: InputIndex;
  /** Null when nothing changed. Content never is `{kind: "tree"}`. */
  readonly changes: LayerIndex | null;
}

interface State {
  readonly base: InputIndex;
  readonly filesystem: PendingFilesystem;
}

/**
 * Does what a file op says to indexes alone: no tree and no content is touched (but for passwd and group, and archives
 * through `unpack`). Later actions see what earlier ones did.
 * @returns by output number; outputs that no action has are undefined
 * @throws InputError `FILE_NOT_FOUND`, `FILE_EXISTS`, `IS_A_DIRECTORY`, `NOT_A_DIRECTORY`, `COPY_ONTO_DIRECTORY`,
 * `COPY_ONTO_FILE`, `USER_NOT_FOUND`, `GROUP_NOT_FOUND`, `MODE_INVALID`, `PATTERN_INVALID`, `SYMLINK_LOOP`
 */
export async function planFileOp(request: FileOpRequest): Promise<readonly (FileOpOutput | undefined)[]> {
  const { op, inputs, signal } = request;
  const uses = countUses(op, inputs.length);
  const results: State[] = [];
  const outputs: (FileOpOutput | undefined)[] = [];

  const readable = (index: InputIndex): ReadableFilesystem => {
    if (index === NO_INPUT) return EMPTY_FILESYSTEM;
    return index < inputs.length ? inputs[index]! : resultOf(results, index - inputs.length).filesystem;
  };
  const writable = (index: InputIndex): State => {
    if (index < inputs.length) return { base: index, filesystem: new PendingFilesystem(readable(index)) };
    const state = resultOf(results, index - inputs.length);
    const isLastUse =
      uses[index - inputs.length] === 1 && op.actions[index - inputs.length]!.output === NO_OUTPUT;
    return isLastUse ? state : { base: state.base, filesystem: state.filesystem.clone() };
  };

  const { onUnknownOwner } = request;
  const ownerLookup: OwnerLookup = {
    filesystemOf: readable,
    ...(onUnknownOwner === undefined ? {} : { onUnknown: onUnknownOwner }),
  };
  for (const action of op.actions) {
    signal.throwIfAborted();
    const owner = action.kind === "rm" ? undefined : await resolveOwner(action.owner, ownerLookup);
    const state = writable(action.input);
    await perform(action, { request, target: state.filesystem, owner, readable });
    results.push(state);
    if (action.output !== NO_OUTPUT)
      outputs[action.output] = { base: state.base, changes: state.filesystem.changes() };
  }
  return outputs;
}

function resultOf(results: readonly State[], index: number): State {
  const state = results[index];
  if (state === undefined)
    throw new InvariantError(`a file action uses the result of action ${index}, which is not done yet`);
  return state;
}

/** How often the result of each action is used by others. */
function countUses(op: FileOp, inputCount: number): number[] {
  const uses = op.actions.map(() => 0);
  const count = (index: InputIndex | undefined) => {
    if (index !== undefined && index >= inputCount && index - inputCount < uses.length)
      uses[index - inputCount]!++;
  };
  for (const action of op.actions) {
    count(action.input);
    if (action.kind === "copy") count(action.secondaryInput);
    if (action.kind === "rm") continue;
    for (const user of [action.owner?.user, action.owner?.group])
      if (user?.kind === "name") count(user.input);
  }
  return uses;
}

interface ActionContext {
  readonly request: FileOpRequest;
  readonly target: PendingFilesystem;
  readonly owner: Owner | undefined;
  readable(index: InputIndex): ReadableFilesystem;
}

async function perform(action: FileAction, context: ActionContext): Promise<void> {
  const { request, target, owner, readable } = context;
  switch (action.kind) {
    case "copy": {
      const view = action.secondaryInput < 0 ? undefined : request.inputs[action.secondaryInput];
      const { unpack } = request;
      return copyFiles({
        action,
        target,
        source: readable(action.secondaryInput),
        owner,
        defaultMtimeNs: request.defaultMtimeNs ?? 0n,
        keepsOrigins: request.op.actions.length > 1,
        signal: request.signal,
        ...(unpack === undefined || view === undefined ? {} : { unpack: (file) => unpack(file, view) }),
      });
    }
    case "mkfile":
      return makeFile(action, target, madeMetadata(action, context));
    case "mkdir":
      return makeDir(action, target, madeMetadata(action, context));
    case "symlink":
      return makeSymlink(action, target, madeMetadata({ ...action, mode: 0o777 }, context));
    case "rm":
      return remove(action, target);
    default:
      return unreachable(action, "file action");
  }
}

function madeMetadata(
  action: { mode: number; timestampNs: bigint },
  { owner, request }: ActionContext,
): EntryMetadata {
  return {
    mode: action.mode & 0o777,
    uid: owner?.uid ?? 0,
    gid: owner?.gid ?? 0,
    mtimeNs: action.timestampNs >= 0n ? action.timestampNs : (request.defaultMtimeNs ?? 0n),
  };
}

function makeFile(action: MkfileAction, target: PendingFilesystem, made: EntryMetadata): void {
  const { path, found } = target.resolve(bytesOfText(action.path));
  if (found?.entry.kind === "dir") {
    throw new InputError("IS_A_DIRECTORY", `"/${textOfBytes(path)}" is a directory`, {
      hint: "Name a file, or remove the directory first.",
      data: { path: `/${textOfBytes(path)}` },
    });
  }
  requireFolder(target, parentOf(path));
  // Like writing to a file that is there: it stays what it was, but for its content, time and (if given) owner.
  const existing = found?.linked ?? found?.entry;
  const metadata =
    existing?.kind === "file"
      ? {
          ...metadataOf(existing),
          mtimeNs: made.mtimeNs,
          ...(action.owner === undefined ? {} : { uid: made.uid, gid: made.gid }),
        }
      : made;
  const what = {
    kind: "file" as const,
    sizeBytes: action.data.length,
    digest: undefined,
    content: { kind: "bytes" as const, data: action.data },
  };
  target.set(path, { kind: "inode", inode: { metadata, what } });
}

function makeDir(action: MkdirAction, target: PendingFilesystem, made: EntryMetadata): void {
  const { path, found } = target.resolve(bytesOfText(action.path));
  if (action.makeParents) return target.mkdirAll(path, made);
  if (found !== undefined) return;
  requireFolder(target, parentOf(path));
  target.makeDir(path, made);
}

function makeSymlink(action: SymlinkAction, target: PendingFilesystem, made: EntryMetadata): void {
  const { path, found } = target.resolve(bytesOfText(action.newPath));
  if (found !== undefined) {
    throw new InputError("FILE_EXISTS", `"/${textOfBytes(path)}" exists already`, {
      hint: "Remove it first, or choose another name for the link.",
      data: { path: `/${textOfBytes(path)}` },
    });
  }
  requireFolder(target, parentOf(path));
  target.set(path, { kind: "symlink", metadata: made, target: bytesOfText(action.oldPath) });
}

function remove(action: RmAction, target: PendingFilesystem): void {
  const path = bytesOfText(action.path);
  const paths = action.allowWildcard ? expandForRemoval(target, path, action.allowNotFound) : [path];
  for (const each of paths) {
    const clean = cleaned(each);
    if (clean === "") {
      throw new InputError("REMOVES_ROOT", "the root directory cannot be removed", {
        hint: "Name what is to be removed in it.",
      });
    }
    // The link itself is removed, not what it leads to.
    const { path: at, found } = target.resolve(clean, { followLast: false });
    if (found !== undefined) target.remove(at);
    else if (!action.allowNotFound) throw fileNotFound(target, clean);
  }
}

function expandForRemoval(
  target: PendingFilesystem,
  path: string,
  allowNotFound: boolean,
): readonly string[] {
  try {
    return expandWildcards(target, path, false);
  } catch (error) {
    if (allowNotFound && error instanceof InputError && error.code === "FILE_NOT_FOUND") return [];
    throw error;
  }
}

function requireFolder(target: PendingFilesystem, path: BytePath): void {
  const kind = target.lstat(path)?.entry.kind;
  if (kind === "dir") return;
  if (kind === undefined) throw fileNotFound(target, path);
  throw new InputError("NOT_A_DIRECTORY", `"/${textOfBytes(path)}" is not a directory`, {
    hint: "Check the path: only its last component may be a file.",
    data: { path: `/${textOfBytes(path)}` },
  });
}
