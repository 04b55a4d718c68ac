import type { ValueDocumentation } from "./instruction-documentation.ts";
import { referenceUrl } from "./reference-url.ts";

/** What people are told about a type of `RUN --mount`. */
export interface MountTypeDocumentation {
  readonly name: string;
  readonly summary: string;
  readonly example: string;
  readonly url: string;
}

/** What people are told about a key of `RUN --mount`. */
export interface MountKeyDocumentation {
  readonly name: string;
  /** Other spellings. */
  readonly aliases: readonly string[];
  /** The types of mounts that it is for. */
  readonly types: readonly string[];
  readonly placeholder: string;
  readonly summary: string;
  readonly values?: readonly ValueDocumentation[];
  /** True when it may stand without `=`. */
  readonly alone?: boolean;
}

export const MOUNT_TYPE_DOCUMENTATION: readonly MountTypeDocumentation[] = [
  {
    name: "bind",
    summary:
      "Shows files of the build context, of another stage or of an image without copying them. Read-only unless `rw` is given, and what is written is thrown away.",
    example: "RUN --mount=type=bind,source=.,target=/src make -C /src test",
    url: referenceUrl("run---mounttypebind"),
  },
  {
    name: "cache",
    summary:
      "A folder that outlives the build, for the caches of compilers and package managers. It may be emptied at any time.",
    example: "RUN --mount=type=cache,target=/root/.cache/go-build go build ./...",
    url: referenceUrl("run---mounttypecache"),
  },
  {
    name: "tmpfs",
    summary: "A folder in memory, empty at the start and gone at the end.",
    example: "RUN --mount=type=tmpfs,target=/tmp,size=512m ./test",
    url: referenceUrl("run---mounttypetmpfs"),
  },
  {
    name: "secret",
    summary:
      "A secret of the build as a file (`/run/secrets/<id>` by default) or an environment variable (`env=`). It gets into no layer and no cache key.",
    example: "RUN --mount=type=secret,id=npmrc,target=/root/.npmrc npm ci",
    url: referenceUrl("run---mounttypesecret"),
  },
  {
    name: "ssh",
    summary: "The SSH agent of the one who builds, at `$SSH_AUTH_SOCK`.",
    example: "RUN --mount=type=ssh git clone git@github.com:example/private.git",
    url: referenceUrl("run---mounttypessh"),
  },
];

const BOOLEAN: readonly ValueDocumentation[] = [
  { value: "true", summary: "On." },
  { value: "false", summary: "Off." },
];
const ALL = ["bind", "cache", "tmpfs", "secret", "ssh"];

export const MOUNT_KEY_DOCUMENTATION: readonly MountKeyDocumentation[] = [
  {
    name: "type",
    aliases: [],
    types: ALL,
    placeholder: "bind|cache|tmpfs|secret|ssh",
    summary: "What kind of mount it is; `bind` when it is not given.",
    values: MOUNT_TYPE_DOCUMENTATION.map(({ name, summary }) => ({ value: name, summary })),
  },
  {
    name: "target",
    aliases: ["dst", "destination"],
    types: ALL,
    placeholder: "<path>",
    summary: "Where it is in the file system of the step; relative paths count from the working folder.",
  },
  {
    name: "source",
    aliases: ["src"],
    types: ["bind", "cache"],
    placeholder: "<path>",
    summary: "The path in what is mounted; its root when it is not given.",
  },
  {
    name: "from",
    aliases: [],
    types: ["bind", "cache"],
    placeholder: "<stage|image|context>",
    summary:
      "The stage, image or named context that is mounted; the build context by default, for a cache what it begins with. Takes no variables.",
  },
  {
    name: "readonly",
    aliases: ["ro"],
    types: ["bind", "cache"],
    placeholder: "true|false",
    summary: "Whether the step may not write. The default for `bind`.",
    values: BOOLEAN,
    alone: true,
  },
  {
    name: "readwrite",
    aliases: ["rw"],
    types: ["bind", "cache"],
    placeholder: "true|false",
    summary:
      "Whether the step may write. The default for `cache`; what is written to a `bind` mount is thrown away.",
    values: BOOLEAN,
    alone: true,
  },
  {
    name: "id",
    aliases: [],
    types: ["cache", "secret", "ssh"],
    placeholder: "<name>",
    summary:
      "Which cache (its target by default), which secret (its target's base name), or which agent (`default`).",
  },
  {
    name: "sharing",
    aliases: [],
    types: ["cache"],
    placeholder: "shared|private|locked",
    summary: "What happens when several steps use the same cache at once.",
    values: [
      { value: "shared", summary: "All of them write to it at the same time; the default." },
      { value: "private", summary: "Each gets one of its own." },
      { value: "locked", summary: "One after the other; what apt and dpkg need." },
    ],
  },
  {
    name: "required",
    aliases: [],
    types: ["secret", "ssh"],
    placeholder: "true|false",
    summary: "Whether the build fails when nobody gave it; otherwise the step runs without.",
    values: BOOLEAN,
    alone: true,
  },
  {
    name: "env",
    aliases: [],
    types: ["secret"],
    placeholder: "<name>",
    summary:
      "The environment variable that holds the secret. There is no file then, unless `target` asks for one.",
  },
  {
    name: "size",
    aliases: [],
    types: ["tmpfs"],
    placeholder: "<bytes|64m|1g>",
    summary: "The most that it may hold.",
  },
  {
    name: "mode",
    aliases: [],
    types: ["cache", "secret", "ssh"],
    placeholder: "<octal>",
    summary: "Its permissions: 0755 for a cache, 0400 for a secret, 0600 for a socket by default.",
  },
  {
    name: "uid",
    aliases: [],
    types: ["cache", "secret", "ssh"],
    placeholder: "<number>",
    summary: "The user that it belongs to; 0 by default.",
  },
  {
    name: "gid",
    aliases: [],
    types: ["cache", "secret", "ssh"],
    placeholder: "<number>",
    summary: "The group that it belongs to; 0 by default.",
  },
];

/** By any of its spellings, in any case. */
export function mountKeyDocumentation(name: string): MountKeyDocumentation | undefined {
  const wanted = name.toLowerCase();
  return MOUNT_KEY_DOCUMENTATION.find((key) => key.name === wanted || key.aliases.includes(wanted));
}

export function mountTypeDocumentation(name: string): MountTypeDocumentation | undefined {
  const wanted = name.toLowerCase();
  return MOUNT_TYPE_DOCUMENTATION.find((type) => type.name === wanted);
}
