import { unreachable, type Digest, type Platform } from "@slipway/oci";
import type {
  BuildOp,
  ChownOpt,
  Constraints,
  ExecMeta,
  ExecOp,
  FileAction,
  Mount,
  Op,
  UserOpt,
} from "../op.ts";
import {
  ACTION,
  BUILD,
  CHOWN,
  CONTENT_CACHES,
  COPY,
  DIFF,
  EXEC,
  FILE,
  INPUT,
  MERGE,
  META,
  MKDIR,
  MKFILE,
  MOUNT,
  MOUNT_TYPES,
  NETWORKS,
  OP,
  PLATFORM,
  RM,
  SECURITIES,
  SHARINGS,
  SOURCE,
  SYMLINK,
  USER,
} from "./fields.ts";
import { sortedKeys, type WireWriter } from "./wire-writer.ts";

/** An input as the wire has it: by digest. */
export interface WireInput {
  readonly digest: Digest;
  readonly index: number;
}

/**
 * Writes the canonical bytes of `pb.Op`: fields by number but for the kind of op, which comes last, map keys sorted,
 * defaults left out, and the constraints always present, as BuildKit writes them (since 0.18; until then the kind came
 * in its place). Equal steps get equal bytes.
 */
export function writeOp(
  w: WireWriter,
  op: Op,
  { inputs, constraints }: { inputs: readonly WireInput[]; constraints: Constraints },
): void {
  for (const input of inputs) writeInput(w, input);
  if (constraints.platform) writePlatform(w, constraints.platform);
  w.begin(OP.constraints);
  w.strings(1, constraints.filter);
  w.end();
  switch (op.kind) {
    case "exec":
      w.begin(OP.exec);
      writeExec(w, op);
      w.end();
      break;
    case "source":
      w.begin(OP.source);
      w.string(SOURCE.identifier, op.identifier);
      w.stringMap(SOURCE.attrs, op.attrs);
      w.end();
      break;
    case "file":
      w.begin(OP.file);
      for (const action of op.actions) {
        w.begin(FILE.actions);
        writeAction(w, action);
        w.end();
      }
      w.end();
      break;
    case "build":
      w.begin(OP.build);
      writeBuild(w, op);
      w.end();
      break;
    case "merge":
      w.begin(OP.merge);
      for (const input of op.inputs) writeIndexMessage(w, MERGE.inputs, input);
      w.end();
      break;
    case "diff":
      w.begin(OP.diff);
      writeIndexMessage(w, DIFF.lower, op.lower);
      writeIndexMessage(w, DIFF.upper, op.upper);
      w.end();
      break;
    default:
      unreachable(op, "op");
  }
}

/** Writes the op that closes a definition: it has no kind, and its one input is the result. */
export function writeClosingOp(w: WireWriter, result: WireInput): void {
  writeInput(w, result);
}

function writeInput(w: WireWriter, input: WireInput): void {
  w.begin(OP.inputs);
  w.string(INPUT.digest, input.digest);
  w.int64(INPUT.index, input.index);
  w.end();
}

function writePlatform(w: WireWriter, platform: Platform): void {
  w.begin(OP.platform);
  w.string(PLATFORM.architecture, platform.architecture);
  w.string(PLATFORM.os, platform.os);
  w.string(PLATFORM.variant, platform.variant ?? "");
  w.string(PLATFORM.osVersion, platform.osVersion ?? "");
  w.strings(PLATFORM.osFeatures, platform.osFeatures ?? []);
  w.end();
}

function writeIndexMessage(w: WireWriter, field: number, index: number): void {
  w.begin(field);
  w.int64(1, index);
  w.end();
}

function writeExec(w: WireWriter, op: ExecOp): void {
  w.begin(EXEC.meta);
  writeMeta(w, op.meta);
  w.end();
  for (const mount of op.mounts) {
    w.begin(EXEC.mounts);
    writeMount(w, mount);
    w.end();
  }
  w.uint32(EXEC.network, NETWORKS.indexOf(op.network));
  w.uint32(EXEC.security, SECURITIES.indexOf(op.security));
  for (const secret of op.secretEnv) {
    w.begin(EXEC.secretEnv);
    w.string(1, secret.id);
    w.string(2, secret.name);
    w.bool(3, secret.optional);
    w.end();
  }
  for (const device of op.cdiDevices) {
    w.begin(EXEC.cdiDevices);
    w.string(1, device.name);
    w.bool(2, device.optional);
    w.end();
  }
}

function writeMeta(w: WireWriter, meta: ExecMeta): void {
  w.strings(META.args, meta.args);
  w.strings(META.env, meta.env);
  w.string(META.cwd, meta.cwd);
  w.string(META.user, meta.user);
  if (meta.proxyEnv) {
    w.begin(META.proxyEnv);
    w.string(1, meta.proxyEnv.httpProxy);
    w.string(2, meta.proxyEnv.httpsProxy);
    w.string(3, meta.proxyEnv.ftpProxy);
    w.string(4, meta.proxyEnv.noProxy);
    w.string(5, meta.proxyEnv.allProxy);
    w.end();
  }
  for (const host of meta.extraHosts) {
    w.begin(META.extraHosts);
    w.string(1, host.host);
    w.string(2, host.ip);
    w.end();
  }
  w.string(META.hostname, meta.hostname);
  for (const limit of meta.ulimit) {
    w.begin(META.ulimit);
    w.string(1, limit.name);
    w.int64(2, limit.soft);
    w.int64(3, limit.hard);
    w.end();
  }
  w.string(META.cgroupParent, meta.cgroupParent);
  w.bool(META.removeMountStubsRecursive, meta.removeMountStubsRecursive);
  w.packedInt32(META.validExitCodes, meta.validExitCodes);
}

function writeMount(w: WireWriter, mount: Mount): void {
  w.int64(MOUNT.input, mount.input);
  w.string(MOUNT.selector, mount.selector);
  w.string(MOUNT.dest, mount.dest);
  // Secret and ssh mounts have no output, and Go's client leaves the field at 0 instead of writing -1.
  if (mount.kind !== "secret" && mount.kind !== "ssh") w.int64(MOUNT.output, mount.output);
  w.bool(MOUNT.readonly, mount.readonly);
  w.uint32(MOUNT.mountType, MOUNT_TYPES.indexOf(mount.kind));
  switch (mount.kind) {
    case "bind":
      w.uint32(MOUNT.contentCache, CONTENT_CACHES.indexOf(mount.contentCache));
      break;
    case "tmpfs":
      w.begin(MOUNT.tmpfsOpt);
      w.int64(1, mount.sizeBytes);
      w.end();
      break;
    case "cache":
      w.begin(MOUNT.cacheOpt);
      w.string(1, mount.cacheId);
      w.uint32(2, SHARINGS.indexOf(mount.sharing));
      w.end();
      break;
    case "secret":
    case "ssh":
      w.begin(mount.kind === "secret" ? MOUNT.secretOpt : MOUNT.sshOpt);
      w.string(1, mount.kind === "secret" ? mount.secretId : mount.sshId);
      w.uint32(2, mount.uid);
      w.uint32(3, mount.gid);
      w.uint32(4, mount.mode);
      w.bool(5, mount.optional);
      w.end();
      break;
    default:
      unreachable(mount, "mount");
  }
}

function writeAction(w: WireWriter, action: FileAction): void {
  w.int64(ACTION.input, action.input);
  // Go's client numbers the absent second input of the other actions -1.
  w.int64(ACTION.secondaryInput, action.kind === "copy" ? action.secondaryInput : -1);
  w.int64(ACTION.output, action.output);
  switch (action.kind) {
    case "copy":
      w.begin(ACTION.copy);
      w.string(COPY.src, action.src);
      w.string(COPY.dest, action.dest);
      writeOwner(w, COPY.owner, action.owner);
      w.int32(COPY.mode, action.mode);
      w.bool(COPY.followSymlink, action.followSymlink);
      w.bool(COPY.dirCopyContents, action.dirCopyContents);
      w.bool(COPY.attemptUnpack, action.attemptUnpack);
      w.bool(COPY.createDestPath, action.createDestPath);
      w.bool(COPY.allowWildcard, action.allowWildcard);
      w.bool(COPY.allowEmptyWildcard, action.allowEmptyWildcard);
      w.int64(COPY.timestamp, action.timestampNs);
      w.strings(COPY.includePatterns, action.includePatterns);
      w.strings(COPY.excludePatterns, action.excludePatterns);
      w.bool(COPY.alwaysReplaceExistingDestPaths, action.alwaysReplaceExistingDestPaths);
      w.string(COPY.modeStr, action.modeStr);
      w.strings(COPY.requiredPaths, action.requiredPaths);
      w.end();
      break;
    case "mkfile":
      w.begin(ACTION.mkfile);
      w.string(MKFILE.path, action.path);
      w.int32(MKFILE.mode, action.mode);
      w.bytes(MKFILE.data, action.data);
      writeOwner(w, MKFILE.owner, action.owner);
      w.int64(MKFILE.timestamp, action.timestampNs);
      w.end();
      break;
    case "mkdir":
      w.begin(ACTION.mkdir);
      w.string(MKDIR.path, action.path);
      w.int32(MKDIR.mode, action.mode);
      w.bool(MKDIR.makeParents, action.makeParents);
      writeOwner(w, MKDIR.owner, action.owner);
      w.int64(MKDIR.timestamp, action.timestampNs);
      w.end();
      break;
    case "rm":
      w.begin(ACTION.rm);
      w.string(RM.path, action.path);
      w.bool(RM.allowNotFound, action.allowNotFound);
      w.bool(RM.allowWildcard, action.allowWildcard);
      w.end();
      break;
    case "symlink":
      w.begin(ACTION.symlink);
      w.string(SYMLINK.oldPath, action.oldPath);
      w.string(SYMLINK.newPath, action.newPath);
      writeOwner(w, SYMLINK.owner, action.owner);
      w.int64(SYMLINK.timestamp, action.timestampNs);
      w.end();
      break;
    default:
      unreachable(action, "file action");
  }
}

function writeOwner(w: WireWriter, field: number, owner: ChownOpt | undefined): void {
  if (!owner) return;
  w.begin(field);
  writeUser(w, CHOWN.user, owner.user);
  writeUser(w, CHOWN.group, owner.group);
  w.end();
}

function writeUser(w: WireWriter, field: number, user: UserOpt | undefined): void {
  if (!user) return;
  w.begin(field);
  if (user.kind === "id") {
    w.uint32Element(USER.byId, user.id);
  } else {
    w.begin(USER.byName);
    w.string(1, user.name);
    w.int64(2, user.input);
    w.end();
  }
  w.end();
}

function writeBuild(w: WireWriter, op: BuildOp): void {
  w.int64(BUILD.builder, op.builder);
  for (const name of sortedKeys(op.inputs)) {
    w.begin(BUILD.inputs);
    w.element(1, name);
    writeIndexMessage(w, 2, op.inputs[name] as number);
    w.end();
  }
  w.stringMap(BUILD.attrs, op.attrs);
}
