import { unreachable } from "@slipway/oci";
import { NO_INPUT, type ExecOp, type FileAction, type Op, type SourceOp } from "./op.ts";

/** Attributes of sources that need a capability of another name than their own; null for those that need none. */
const SOURCE_ATTRS: Readonly<Record<string, string | null>> = {
  "image.recordtype": null,
  "image.resolvemode": "source.image.resolvemode",
  "image.layerlimit": "source.image.layerlimit",
  "image.checksum": "source.image.checksum",
  "local.session": "source.local.sessionid",
  "local.unique": "source.local.unique",
  "local.includepattern": "source.local.includepatterns",
  "local.excludepatterns": "source.local.excludepatterns",
  "local.followpaths": "source.local.followpaths",
  "local.sharedkeyhint": "source.local.sharedkeyhint",
  "local.differ": "source.local.differ",
  "local.metadatatransfer": "source.local.metadatatransfer",
  "git.keepgitdir": "source.git.keepgitdir",
  "git.fullurl": "source.git.fullurl",
  "git.knownsshhosts": "source.git.knownsshhosts",
  "git.mountsshsock": "source.git.mountsshsock",
  "git.checksum": "source.git.checksum",
  "git.skipsubmodules": "source.git.skipsubmodules",
  "git.mtime": "source.git.mtime",
  "git.fetchbycommit": "source.git.fetchbycommit",
  "git.bundle": "source.git.bundle",
  "git.checkoutbundle": "source.git.checkoutbundle",
  "http.checksum": "source.http.checksum",
  "http.perm": "source.http.perm",
  // The capability is spelt so on the wire.
  "http.uid": "soruce.http.uidgid",
  "http.gid": "soruce.http.uidgid",
  "http.authheadersecret": "source.http.auth",
};

const DEFAULT_GIT_SECRETS: Readonly<Record<string, string>> = {
  "git.authheadersecret": "GIT_AUTH_HEADER",
  "git.authtokensecret": "GIT_AUTH_TOKEN",
};

/**
 * The LLB capabilities that a builder must have to run an op, sorted; BuildKit's client states them in a definition's
 * metadata, and its daemon refuses what it lacks.
 * @see facts of BuildKit's wire, "LLB cap IDs"
 */
export function requiredCaps(op: Op): readonly string[] {
  switch (op.kind) {
    case "source":
      return sorted(sourceCaps(op));
    case "exec":
      return sorted(execCaps(op));
    case "file":
      return sorted(["file.base", ...op.actions.flatMap(actionCaps)]);
    case "merge":
      return ["mergeop"];
    case "diff":
      return ["diffop"];
    case "build":
      return "llbbuild.filename" in op.attrs ? ["source.buildop.llbfilename"] : [];
    default:
      return unreachable(op, "op");
  }
}

function sorted(caps: Iterable<string>): readonly string[] {
  return [...new Set(caps)].sort();
}

function sourceCaps({ identifier, attrs }: SourceOp): readonly string[] {
  const scheme = identifier.slice(0, Math.max(0, identifier.indexOf(":")));
  const base: Readonly<Record<string, string>> = {
    "docker-image": "source.image",
    "docker-image+blob": "source.imageblob",
    "oci-layout": "source.ocilayout",
    "oci-layout+blob": "source.imageblob",
    local: "source.local",
    git: "source.git",
    http: "source.http",
    https: "source.http",
  };
  const caps = base[scheme] === undefined ? [] : [base[scheme]];
  for (const [name, value] of Object.entries(attrs)) {
    const cap = SOURCE_ATTRS[name];
    if (typeof cap === "string") caps.push(cap);
    else if (name in DEFAULT_GIT_SECRETS && value !== DEFAULT_GIT_SECRETS[name])
      caps.push("source.git.httpauth");
    else if (name.startsWith("http.header.")) caps.push("source.http.header");
    else if (/^(?:git|http)\.sig\./.test(name))
      caps.push(`source.${name.startsWith("git") ? "git" : "http"}.signatureverify`);
  }
  if (attrs["git.mountsshsock"] !== undefined) caps.push("source.git.knownsshhosts");
  return caps;
}

function actionCaps(action: FileAction): readonly string[] {
  if (action.kind === "symlink") return ["file.symlink.create"];
  if (action.kind === "rm") return action.allowWildcard ? ["file.rm.wildcard"] : [];
  if (action.kind !== "copy") return [];
  const caps: string[] = [];
  if (action.includePatterns.length + action.excludePatterns.length > 0)
    caps.push("file.copy.includeexcludepatterns");
  if (action.alwaysReplaceExistingDestPaths) caps.push("file.copy.alwaysreplaceexistingdestpaths");
  if (action.modeStr !== "") caps.push("file.copy.modestring");
  if (action.requiredPaths.length > 0) caps.push("file.copy.requiredpaths");
  return caps;
}

function execCaps(op: ExecOp): ReadonlySet<string> {
  // The runtime, not the client, gives commands without PATH a default one.
  const caps = new Set(["exec.meta.base", "exec.meta.setsdefaultpath"]);
  if (op.network !== "unset") caps.add("exec.meta.network");
  if (op.security !== "sandbox") caps.add("exec.meta.security");
  if (op.meta.proxyEnv) caps.add("exec.meta.proxyenv");
  if (op.meta.ulimit.length > 0) caps.add("exec.meta.ulimit");
  if (op.meta.cgroupParent !== "") caps.add("exec.meta.cgroup.parent");
  if (op.meta.validExitCodes.length > 0) caps.add("exec.validexitcode");
  if (op.cdiDevices.length > 0) caps.add("exec.meta.cdi");
  if (op.secretEnv.length > 0) caps.add("exec.secretenv").add("exec.mount.secret");
  for (const mount of op.mounts) {
    if (mount.selector !== "") caps.add("exec.mount.selector");
    switch (mount.kind) {
      case "cache":
        caps.add("exec.mount.cache").add("exec.mount.cache.sharing");
        break;
      case "tmpfs":
        caps.add("exec.mount.tmpfs");
        if (mount.sizeBytes > 0) caps.add("exec.mount.tmpfs.size");
        break;
      case "secret":
        caps.add("exec.mount.secret");
        break;
      case "ssh":
        caps.add("exec.mount.ssh");
        break;
      case "bind":
        if (mount.input !== NO_INPUT) caps.add("exec.mount.bind");
        if (mount.contentCache !== "default") caps.add("exec.mount.cache.content");
        break;
      default:
        unreachable(mount, "mount");
    }
  }
  return caps;
}
