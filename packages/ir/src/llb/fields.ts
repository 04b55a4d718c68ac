// Field numbers of LLB's messages. @see proto/ops.proto, whose generated code is the tests' oracle for these.

export const OP = {
  inputs: 1,
  exec: 2,
  source: 3,
  file: 4,
  build: 5,
  merge: 6,
  diff: 7,
  passthrough: 8,
  platform: 10,
  constraints: 11,
} as const;

export const INPUT = { digest: 1, index: 2 } as const;
export const PLATFORM = { architecture: 1, os: 2, variant: 3, osVersion: 4, osFeatures: 5 } as const;
export const EXEC = { meta: 1, mounts: 2, network: 3, security: 4, secretEnv: 5, cdiDevices: 6 } as const;
export const META = {
  args: 1,
  env: 2,
  cwd: 3,
  user: 4,
  proxyEnv: 5,
  extraHosts: 6,
  hostname: 7,
  ulimit: 9,
  cgroupParent: 10,
  removeMountStubsRecursive: 11,
  validExitCodes: 12,
} as const;
export const MOUNT = {
  input: 1,
  selector: 2,
  dest: 3,
  output: 4,
  readonly: 5,
  mountType: 6,
  tmpfsOpt: 19,
  cacheOpt: 20,
  secretOpt: 21,
  sshOpt: 22,
  resultId: 23,
  contentCache: 24,
} as const;
export const SOURCE = { identifier: 1, attrs: 2 } as const;
export const FILE = { actions: 2 } as const;
export const ACTION = {
  input: 1,
  secondaryInput: 2,
  output: 3,
  copy: 4,
  mkfile: 5,
  mkdir: 6,
  rm: 7,
  symlink: 8,
} as const;
export const COPY = {
  src: 1,
  dest: 2,
  owner: 3,
  mode: 4,
  followSymlink: 5,
  dirCopyContents: 6,
  attemptUnpack: 7,
  createDestPath: 8,
  allowWildcard: 9,
  allowEmptyWildcard: 10,
  timestamp: 11,
  includePatterns: 12,
  excludePatterns: 13,
  alwaysReplaceExistingDestPaths: 14,
  modeStr: 15,
  requiredPaths: 16,
} as const;
export const MKFILE = { path: 1, mode: 2, data: 3, owner: 4, timestamp: 5 } as const;
export const MKDIR = { path: 1, mode: 2, makeParents: 3, owner: 4, timestamp: 5 } as const;
export const RM = { path: 1, allowNotFound: 2, allowWildcard: 3 } as const;
export const SYMLINK = { oldPath: 1, newPath: 2, owner: 3, timestamp: 4 } as const;
export const CHOWN = { user: 1, group: 2 } as const;
export const USER = { byName: 1, byId: 2 } as const;
export const MERGE = { inputs: 1 } as const;
export const DIFF = { lower: 1, upper: 2 } as const;
export const BUILD = { builder: 1, inputs: 2, def: 3, attrs: 4 } as const;

export const DEFINITION = { def: 1, metadata: 2, source: 3 } as const;
export const METADATA = {
  ignoreCache: 1,
  description: 2,
  exportCache: 4,
  caps: 5,
  progressGroup: 6,
} as const;
export const SOURCE_MAP = { locations: 1, infos: 2 } as const;
export const SOURCE_INFO = { filename: 1, data: 2, definition: 3, language: 4 } as const;
export const LOCATION = { sourceIndex: 1, ranges: 2 } as const;

/** Names of the enums' values, by number. */
export const MOUNT_TYPES = ["bind", "secret", "ssh", "cache", "tmpfs"] as const;
export const NETWORKS = ["unset", "host", "none"] as const;
export const SECURITIES = ["sandbox", "insecure"] as const;
export const SHARINGS = ["shared", "private", "locked"] as const;
export const CONTENT_CACHES = ["default", "on", "off"] as const;
