import type { ChownOpt, FileAction, FileOp, UserOpt } from "../op.ts";
import { ACTION, CHOWN, COPY, FILE, MKDIR, MKFILE, RM, SYMLINK, USER } from "./fields.ts";
import { llbError, readFields } from "./wire-reader.ts";

export function decodeFile(bytes: Uint8Array, where: string): FileOp {
  const actions: FileAction[] = [];
  readFields(bytes, `${where}, file`, (field) => {
    if (field.number === FILE.actions) {
      actions.push(decodeAction(field.bytes(), `${where}, file action ${actions.length}`));
    }
  });
  return { kind: "file", actions };
}

interface Indexes {
  readonly input: number;
  readonly secondaryInput: number;
  readonly output: number;
}

function decodeAction(bytes: Uint8Array, where: string): FileAction {
  let input = 0;
  let secondaryInput = 0;
  let output = 0;
  let body:
    | { read: (bytes: Uint8Array, where: string, indexes: Indexes) => FileAction; bytes: Uint8Array }
    | undefined;
  readFields(bytes, where, (field) => {
    if (field.number === ACTION.input) input = field.index();
    else if (field.number === ACTION.secondaryInput) secondaryInput = field.index();
    else if (field.number === ACTION.output) output = field.index();
    else {
      const read = ACTIONS[field.number];
      if (!read)
        throw llbError(
          "LLB_UNKNOWN_OP",
          where,
          `field ${field.number} is not known: an action of a newer client`,
        );
      if (body) throw llbError("LLB_MALFORMED", where, "it has two kinds");
      body = { read, bytes: field.bytes() };
    }
  });
  if (!body) throw llbError("LLB_UNKNOWN_OP", where, "it has no kind");
  return body.read(body.bytes, where, { input, secondaryInput, output });
}

const ACTIONS: Readonly<Record<number, (bytes: Uint8Array, where: string, indexes: Indexes) => FileAction>> =
  {
    [ACTION.copy]: decodeCopy,
    [ACTION.mkfile]: (bytes, where, { input, output }) => {
      let path = "";
      let mode = 0;
      let data = new Uint8Array(0);
      let owner: ChownOpt | undefined;
      let timestampNs = 0n;
      readFields(bytes, where, (field) => {
        if (field.number === MKFILE.path) path = field.string();
        else if (field.number === MKFILE.mode) mode = field.int32();
        // A copy, so that a small file does not keep the whole definition's bytes alive.
        else if (field.number === MKFILE.data) data = new Uint8Array(field.bytes());
        else if (field.number === MKFILE.owner) owner = decodeOwner(field.bytes(), where);
        else if (field.number === MKFILE.timestamp) timestampNs = field.int64();
      });
      return { kind: "mkfile", input, output, path, mode, data, ...(owner ? { owner } : {}), timestampNs };
    },
    [ACTION.mkdir]: (bytes, where, { input, output }) => {
      let path = "";
      let mode = 0;
      let makeParents = false;
      let owner: ChownOpt | undefined;
      let timestampNs = 0n;
      readFields(bytes, where, (field) => {
        if (field.number === MKDIR.path) path = field.string();
        else if (field.number === MKDIR.mode) mode = field.int32();
        else if (field.number === MKDIR.makeParents) makeParents = field.bool();
        else if (field.number === MKDIR.owner) owner = decodeOwner(field.bytes(), where);
        else if (field.number === MKDIR.timestamp) timestampNs = field.int64();
      });
      return {
        kind: "mkdir",
        input,
        output,
        path,
        mode,
        makeParents,
        ...(owner ? { owner } : {}),
        timestampNs,
      };
    },
    [ACTION.rm]: (bytes, where, { input, output }) => {
      let path = "";
      let allowNotFound = false;
      let allowWildcard = false;
      readFields(bytes, where, (field) => {
        if (field.number === RM.path) path = field.string();
        else if (field.number === RM.allowNotFound) allowNotFound = field.bool();
        else if (field.number === RM.allowWildcard) allowWildcard = field.bool();
      });
      return { kind: "rm", input, output, path, allowNotFound, allowWildcard };
    },
    [ACTION.symlink]: (bytes, where, { input, output }) => {
      let oldPath = "";
      let newPath = "";
      let owner: ChownOpt | undefined;
      let timestampNs = 0n;
      readFields(bytes, where, (field) => {
        if (field.number === SYMLINK.oldPath) oldPath = field.string();
        else if (field.number === SYMLINK.newPath) newPath = field.string();
        else if (field.number === SYMLINK.owner) owner = decodeOwner(field.bytes(), where);
        else if (field.number === SYMLINK.timestamp) timestampNs = field.int64();
      });
      return { kind: "symlink", input, output, oldPath, newPath, ...(owner ? { owner } : {}), timestampNs };
    },
  };

function decodeCopy(bytes: Uint8Array, where: string, indexes: Indexes): FileAction {
  let src = "";
  let dest = "";
  let owner: ChownOpt | undefined;
  let mode = 0;
  let modeStr = "";
  let timestampNs = 0n;
  const flags = new Set<number>();
  const includePatterns: string[] = [];
  const excludePatterns: string[] = [];
  const requiredPaths: string[] = [];
  readFields(bytes, where, (field) => {
    switch (field.number) {
      case COPY.src:
        src = field.string();
        break;
      case COPY.dest:
        dest = field.string();
        break;
      case COPY.owner:
        owner = decodeOwner(field.bytes(), where);
        break;
      case COPY.mode:
        mode = field.int32();
        break;
      case COPY.modeStr:
        modeStr = field.string();
        break;
      case COPY.timestamp:
        timestampNs = field.int64();
        break;
      case COPY.includePatterns:
        includePatterns.push(field.string());
        break;
      case COPY.excludePatterns:
        excludePatterns.push(field.string());
        break;
      case COPY.requiredPaths:
        requiredPaths.push(field.string());
        break;
      case COPY.followSymlink:
      case COPY.dirCopyContents:
      case COPY.attemptUnpack:
      case COPY.createDestPath:
      case COPY.allowWildcard:
      case COPY.allowEmptyWildcard:
      case COPY.alwaysReplaceExistingDestPaths:
        if (field.bool()) flags.add(field.number);
        else flags.delete(field.number);
        break;
    }
  });
  return {
    kind: "copy",
    ...indexes,
    src,
    dest,
    ...(owner ? { owner } : {}),
    mode,
    modeStr,
    followSymlink: flags.has(COPY.followSymlink),
    dirCopyContents: flags.has(COPY.dirCopyContents),
    attemptUnpack: flags.has(COPY.attemptUnpack),
    createDestPath: flags.has(COPY.createDestPath),
    allowWildcard: flags.has(COPY.allowWildcard),
    allowEmptyWildcard: flags.has(COPY.allowEmptyWildcard),
    timestampNs,
    includePatterns,
    excludePatterns,
    alwaysReplaceExistingDestPaths: flags.has(COPY.alwaysReplaceExistingDestPaths),
    requiredPaths,
  };
}

function decodeOwner(bytes: Uint8Array, where: string): ChownOpt {
  let user: UserOpt | undefined;
  let group: UserOpt | undefined;
  readFields(bytes, `${where} owner`, (field) => {
    if (field.number === CHOWN.user) user = decodeUser(field.bytes(), `${where} owner`);
    else if (field.number === CHOWN.group) group = decodeUser(field.bytes(), `${where} group`);
  });
  return { ...(user ? { user } : {}), ...(group ? { group } : {}) };
}

/** Undefined when neither a name nor a number is given, which means the same as no user at all. */
function decodeUser(bytes: Uint8Array, where: string): UserOpt | undefined {
  let user: UserOpt | undefined;
  readFields(bytes, where, (field) => {
    if (field.number === USER.byId) user = { kind: "id", id: field.uint32() };
    else if (field.number === USER.byName) {
      let name = "";
      let input: number = 0;
      readFields(field.bytes(), where, (inner) => {
        if (inner.number === 1) name = inner.string();
        else if (inner.number === 2) input = inner.index();
      });
      user = { kind: "name", name, input };
    }
  });
  return user;
}
