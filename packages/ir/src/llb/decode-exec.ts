import { unreachable } from "@slipway/oci";
import {
  NO_OUTPUT,
  type CdiDevice,
  type ExecMeta,
  type ExecOp,
  type HostIp,
  type Mount,
  type ProxyEnv,
  type SecretEnv,
  type Ulimit,
} from "../op.ts";
import { CONTENT_CACHES, EXEC, META, MOUNT, MOUNT_TYPES, NETWORKS, SECURITIES, SHARINGS } from "./fields.ts";
import { readFields } from "./wire-reader.ts";

export function decodeExec(bytes: Uint8Array, where: string): ExecOp {
  const message = `${where}, exec`;
  let meta = decodeMeta(new Uint8Array(0), message);
  const mounts: Mount[] = [];
  const secretEnv: SecretEnv[] = [];
  const cdiDevices: CdiDevice[] = [];
  let network: ExecOp["network"] = "unset";
  let security: ExecOp["security"] = "sandbox";
  readFields(bytes, message, (field) => {
    switch (field.number) {
      case EXEC.meta:
        meta = decodeMeta(field.bytes(), message);
        break;
      case EXEC.mounts:
        mounts.push(decodeMount(field.bytes(), `${message} mount ${mounts.length}`));
        break;
      case EXEC.network:
        network = field.oneOf(NETWORKS);
        break;
      case EXEC.security:
        security = field.oneOf(SECURITIES);
        break;
      case EXEC.secretEnv:
        secretEnv.push(decodeSecretEnv(field.bytes(), `${message} secretenv`));
        break;
      case EXEC.cdiDevices:
        cdiDevices.push(decodeCdiDevice(field.bytes(), `${message} cdiDevices`));
        break;
    }
  });
  return { kind: "exec", meta, mounts, network, security, secretEnv, cdiDevices };
}

function decodeSecretEnv(bytes: Uint8Array, where: string): SecretEnv {
  let id = "";
  let name = "";
  let optional = false;
  readFields(bytes, where, (field) => {
    if (field.number === 1) id = field.string();
    else if (field.number === 2) name = field.string();
    else if (field.number === 3) optional = field.bool();
  });
  return { id, name, optional };
}

function decodeCdiDevice(bytes: Uint8Array, where: string): CdiDevice {
  let name = "";
  let optional = false;
  readFields(bytes, where, (field) => {
    if (field.number === 1) name = field.string();
    else if (field.number === 2) optional = field.bool();
  });
  return { name, optional };
}

function decodeMeta(bytes: Uint8Array, where: string): ExecMeta {
  const message = `${where} meta`;
  const args: string[] = [];
  const env: string[] = [];
  const extraHosts: HostIp[] = [];
  const ulimit: Ulimit[] = [];
  const validExitCodes: number[] = [];
  let cwd = "";
  let user = "";
  let hostname = "";
  let cgroupParent = "";
  let removeMountStubsRecursive = false;
  let proxyEnv: ProxyEnv | undefined;
  readFields(bytes, message, (field) => {
    switch (field.number) {
      case META.args:
        args.push(field.string());
        break;
      case META.env:
        env.push(field.string());
        break;
      case META.cwd:
        cwd = field.string();
        break;
      case META.user:
        user = field.string();
        break;
      case META.proxyEnv:
        proxyEnv = decodeProxyEnv(field.bytes(), `${message} proxy_env`);
        break;
      case META.extraHosts: {
        const [host, ip] = decodeTwoStrings(field.bytes(), `${message} extraHosts`);
        extraHosts.push({ host, ip });
        break;
      }
      case META.hostname:
        hostname = field.string();
        break;
      case META.ulimit:
        ulimit.push(decodeUlimit(field.bytes(), `${message} ulimit`));
        break;
      case META.cgroupParent:
        cgroupParent = field.string();
        break;
      case META.removeMountStubsRecursive:
        removeMountStubsRecursive = field.bool();
        break;
      case META.validExitCodes:
        for (const code of field.int32s()) validExitCodes.push(code);
        break;
    }
  });
  return {
    args,
    env,
    cwd,
    user,
    ...(proxyEnv ? { proxyEnv } : {}),
    extraHosts,
    hostname,
    ulimit,
    cgroupParent,
    removeMountStubsRecursive,
    validExitCodes,
  };
}

function decodeProxyEnv(bytes: Uint8Array, where: string): ProxyEnv {
  const values = ["", "", "", "", ""];
  readFields(bytes, where, (field) => {
    if (field.number <= values.length) values[field.number - 1] = field.string();
  });
  const [httpProxy, httpsProxy, ftpProxy, noProxy, allProxy] = values as [
    string,
    string,
    string,
    string,
    string,
  ];
  return { httpProxy, httpsProxy, ftpProxy, noProxy, allProxy };
}

function decodeTwoStrings(bytes: Uint8Array, where: string): [string, string] {
  let first = "";
  let second = "";
  readFields(bytes, where, (field) => {
    if (field.number === 1) first = field.string();
    else if (field.number === 2) second = field.string();
  });
  return [first, second];
}

function decodeUlimit(bytes: Uint8Array, where: string): Ulimit {
  let name = "";
  let soft = 0;
  let hard = 0;
  readFields(bytes, where, (field) => {
    if (field.number === 1) name = field.string();
    else if (field.number === 2) soft = field.int();
    else if (field.number === 3) hard = field.int();
  });
  return { name, soft, hard };
}

function decodeMount(bytes: Uint8Array, where: string): Mount {
  let input = 0;
  let output = 0;
  let selector = "";
  let dest = "";
  let readonly = false;
  let kind: Mount["kind"] = "bind";
  let contentCache: (typeof CONTENT_CACHES)[number] = "default";
  let sizeBytes = 0;
  let cache: { cacheId: string; sharing: (typeof SHARINGS)[number] } = { cacheId: "", sharing: "shared" };
  let secret = decodeSecretOpt(new Uint8Array(0), where);
  let ssh = secret;
  readFields(bytes, where, (field) => {
    switch (field.number) {
      case MOUNT.input:
        input = field.index();
        break;
      case MOUNT.selector:
        selector = field.string();
        break;
      case MOUNT.dest:
        dest = field.string();
        break;
      case MOUNT.output:
        output = field.index();
        break;
      case MOUNT.readonly:
        readonly = field.bool();
        break;
      case MOUNT.mountType:
        kind = field.oneOf(MOUNT_TYPES);
        break;
      case MOUNT.tmpfsOpt:
        readFields(field.bytes(), `${where} TmpfsOpt`, (inner) => {
          if (inner.number === 1) sizeBytes = inner.int();
        });
        break;
      case MOUNT.cacheOpt:
        cache = decodeCacheOpt(field.bytes(), `${where} cacheOpt`);
        break;
      case MOUNT.secretOpt:
        secret = decodeSecretOpt(field.bytes(), `${where} secretOpt`);
        break;
      case MOUNT.sshOpt:
        ssh = decodeSecretOpt(field.bytes(), `${where} SSHOpt`);
        break;
      case MOUNT.contentCache:
        contentCache = field.oneOf(CONTENT_CACHES);
        break;
    }
  });
  const base = { dest, input, selector, output, readonly };
  // The assertion undoes TypeScript's narrowing to the initial value: the closure above assigns it.
  switch (kind as Mount["kind"]) {
    case "bind":
      return { kind: "bind", ...base, contentCache };
    case "cache":
      return { kind: "cache", ...base, ...cache };
    case "tmpfs":
      return { kind: "tmpfs", ...base, sizeBytes };
    // Go's client leaves the output of these two at 0 though they have none.
    case "secret": {
      const { id, ...rest } = secret;
      return { kind: "secret", ...base, output: NO_OUTPUT, secretId: id, ...rest };
    }
    case "ssh": {
      const { id, ...rest } = ssh;
      return { kind: "ssh", ...base, output: NO_OUTPUT, sshId: id, ...rest };
    }
    default:
      return unreachable(kind as never, "mount");
  }
}

function decodeCacheOpt(
  bytes: Uint8Array,
  where: string,
): { cacheId: string; sharing: (typeof SHARINGS)[number] } {
  let cacheId = "";
  let sharing: (typeof SHARINGS)[number] = "shared";
  readFields(bytes, where, (field) => {
    if (field.number === 1) cacheId = field.string();
    else if (field.number === 2) sharing = field.oneOf(SHARINGS);
  });
  return { cacheId, sharing };
}

interface SecretOpt {
  readonly id: string;
  readonly uid: number;
  readonly gid: number;
  readonly mode: number;
  readonly optional: boolean;
}

/** SecretOpt and SSHOpt have the same fields. */
function decodeSecretOpt(bytes: Uint8Array, where: string): SecretOpt {
  let id = "";
  let uid = 0;
  let gid = 0;
  let mode = 0;
  let optional = false;
  readFields(bytes, where, (field) => {
    if (field.number === 1) id = field.string();
    else if (field.number === 2) uid = field.uint32();
    else if (field.number === 3) gid = field.uint32();
    else if (field.number === 4) mode = field.uint32();
    else if (field.number === 5) optional = field.bool();
  });
  return { id, uid, gid, mode, optional };
}
