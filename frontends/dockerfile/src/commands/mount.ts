import { didYouMean } from "../did-you-mean.ts";
import type { DockerfileErrorCode } from "../problems.ts";
import type { Word } from "../syntax/syntax-tree.ts";
import { splitCsv } from "./csv.ts";

export type MountType = "bind" | "cache" | "tmpfs" | "secret" | "ssh";

/** A `--mount` of RUN, its variables expanded. */
export interface MountSpec {
  readonly type: MountType;
  /** Stage, image or named context; absent means the build context for bind, nothing for cache. */
  readonly from?: Word;
  /** As written; empty means the root of what is mounted. */
  readonly source: string;
  /** Always there for bind, cache and tmpfs; absent elsewhere when it is not given. */
  readonly target?: Word;
  readonly readonly: boolean;
  /** Of a cache: empty for the target. Of an agent: empty for the default one. Of a secret: never empty. */
  readonly id: string;
  readonly sharing: "shared" | "private" | "locked";
  readonly sizeBytes: number;
  readonly uid?: number;
  readonly gid?: number;
  readonly mode?: number;
  /** Secrets and agents only. */
  readonly required: boolean;
  /** The variable that a secret becomes. */
  readonly env?: Word;
}

/** What is wrong with a `--mount`, and where. */
export class MountError extends Error {
  readonly code: DockerfileErrorCode;
  readonly word: Word;
  readonly hint: string;

  constructor(
    word: Word,
    message: string,
    options: { readonly hint: string; readonly code?: DockerfileErrorCode },
  ) {
    super(message);
    this.name = "MountError";
    this.code = options.code ?? "MOUNT_INVALID";
    this.word = word;
    this.hint = options.hint;
  }
}

/** The types of mounts. */
export const MOUNT_TYPES = ["bind", "cache", "tmpfs", "secret", "ssh"];
const SHARING = ["shared", "private", "locked"];
/** Everything that may stand before a `=` in `--mount`, other spellings included, in lower case. */
export const MOUNT_KEYS = [
  "type", "from", "source", "src", "target", "dst", "destination", "readonly", "ro", "readwrite", "rw",
  "id", "sharing", "required", "size", "mode", "uid", "gid", "env",
]; // prettier-ignore
/** A number as Go writes floats in decimal, and a unit; at most one space between them. */
const SIZE = /^(?<number>[-+]?(?:\d[\d_]*(?:\.\d*)?|\.\d+)(?:e[-+]?\d+)?) ?(?<unit>b|[kmgtp](?:i?b)?)?$/i;

function parseBool(text: string): boolean | undefined {
  if (["1", "t", "T", "TRUE", "true", "True"].includes(text)) return true;
  return ["0", "f", "F", "FALSE", "false", "False"].includes(text) ? false : undefined;
}

function parseSizeBytes(field: Word, text: string): number {
  const { number = "", unit = "" } = SIZE.exec(text)?.groups ?? {};
  const isNumber = number !== "" && !/__|_(?!\d)/.test(number);
  const value = isNumber ? Number(number.replaceAll("_", "")) : Number.NaN;
  if (!(value >= 0 && Number.isFinite(value))) {
    throw new MountError(field, `"${text}" is not a size`, {
      hint: "Write for example size=64m or size=1g.",
    });
  }
  const sizeBytes = Math.floor(value * 1024 ** Math.max(0, "bkmgtp".indexOf(unit[0]?.toLowerCase() ?? "b")));
  // More than any machine has is no limit.
  return Number.isSafeInteger(sizeBytes) ? sizeBytes : 0;
}

function parseNumber(field: Word, text: string, what: { name: string; radix: 8 | 10 }): number {
  const pattern = what.radix === 8 ? /^[0-7]{1,10}$/ : /^\d{1,10}$/;
  const value = pattern.test(text) ? Number.parseInt(text, what.radix) : Number.NaN;
  if (!(value <= 0xffff_ffff)) {
    throw new MountError(field, `"${text}" is not a ${what.name}`, {
      hint:
        what.radix === 8
          ? "Write the mode in octal, for example 0755."
          : `Write the ${what.name} as a number.`,
    });
  }
  return value;
}

interface Draft {
  type: string;
  readonly set: Map<string, { readonly field: Word; readonly value: string }>;
  readonly?: boolean;
}

function readFields(mount: Word, expand: (word: Word) => string): Draft {
  const draft: Draft = { type: "bind", set: new Map() };
  for (const field of splitCsv(mount)) {
    const split = field.text.indexOf("=");
    const key = (split < 0 ? field.text : field.text.slice(0, split)).toLowerCase();
    if (!MOUNT_KEYS.includes(key)) {
      throw new MountError(field, `--mount has no key "${key}"`, {
        hint: didYouMean(
          key,
          MOUNT_KEYS,
          `The keys are ${MOUNT_KEYS.filter((name) => !["src", "dst", "destination", "ro", "rw"].includes(name)).join(", ")}.`,
        ),
      });
    }
    const exact = field.span.end - field.span.start === field.text.length;
    const written = split < 0 ? "" : field.text.slice(split + 1);
    const word: Word = {
      text: written,
      span: exact ? { start: field.span.start + split + 1, end: field.span.end } : field.span,
    };
    if (key === "from" && /\$./.test(written)) {
      throw new MountError(field, "from= of --mount takes no variables", {
        hint: "Give the image a stage of its own, FROM ${NAME} AS name, and mount from=name.",
      });
    }
    const value = expand(word);
    if (key === "readonly" || key === "ro" || key === "readwrite" || key === "rw") {
      const flag = split < 0 ? true : parseBool(value);
      if (flag === undefined)
        throw new MountError(field, `${key} is true or false, not "${value}"`, {
          hint: `Write ${key} alone to turn it on.`,
        });
      draft.readonly = key.startsWith("reado") || key === "ro" ? flag : !flag;
      continue;
    }
    if (key === "required") {
      const required = split < 0 ? true : parseBool(value);
      if (required === undefined)
        throw new MountError(field, `required is true or false, not "${value}"`, {
          hint: "Write required alone to turn it on.",
        });
      draft.set.set(key, { field, value: String(required) });
      continue;
    }
    if (split < 0)
      throw new MountError(field, `"${key}" of --mount needs a value`, { hint: `Write ${key}=value.` });
    const name = key === "src" ? "source" : key === "dst" || key === "destination" ? "target" : key;
    if (name === "type") draft.type = value.toLowerCase();
    draft.set.set(name, { field: { text: value, span: word.span }, value });
  }
  return draft;
}

/** Where keys mean something; a key that is not listed is allowed everywhere. */
const ALLOWED: Readonly<Record<string, readonly MountType[]>> = {
  mode: ["secret", "ssh", "cache"],
  uid: ["secret", "ssh", "cache"],
  gid: ["secret", "ssh", "cache"],
  size: ["tmpfs"],
  sharing: ["cache"],
  required: ["secret", "ssh"],
};

function checkKeys(draft: Draft, type: MountType): void {
  for (const [key, types] of Object.entries(ALLOWED)) {
    const given = draft.set.get(key);
    if (given === undefined || types.includes(type)) continue;
    throw new MountError(given.field, `a mount of type ${type} has no ${key}`, {
      hint: `${key} is for mounts of type ${types.join(", ")}.`,
    });
  }
  const source = draft.set.get("source");
  if (type === "ssh" && source !== undefined) {
    throw new MountError(source.field, "a mount of type ssh has no source", {
      hint: "Name the agent with id=, as in --mount=type=ssh,id=default.",
    });
  }
  if (type === "secret" && source?.value && draft.set.get("id")?.value) {
    throw new MountError(source.field, "a secret is named by id or by source, not by both", {
      hint: "Keep id=.",
    });
  }
}

/** Name of the secret and where it goes; `target` is absent when it only becomes a variable. */
function secretPlace(
  draft: Draft,
  mount: Word,
): { readonly id: string; readonly target?: Word; readonly env?: Word } {
  const given = (key: string): Word | undefined => {
    const field = draft.set.get(key)?.field;
    return field === undefined || field.text === "" ? undefined : field;
  };
  const target = given("target");
  const id =
    (given("id") ?? given("source"))?.text ?? target?.text.split("/").findLast((part) => part !== "");
  if (id === undefined) {
    throw new MountError(mount, "the secret has no name", {
      hint: "Add id=name, the name that --secret gives it.",
    });
  }
  const env = draft.set.get("env");
  if (env === undefined) {
    const name = id.split("/").findLast((part) => part !== "") ?? id;
    return { id, target: target ?? { text: `/run/secrets/${name}`, span: mount.span } };
  }
  if (env.value === "" || env.value.includes("\0")) {
    throw new MountError(env.field, `"${env.value}" cannot be the name of a variable`, {
      hint: "Write env=NAME, for example env=API_TOKEN.",
    });
  }
  return { id, env: env.field, ...(target === undefined ? {} : { target }) };
}

/**
 * Reads the value of a `--mount`.
 * @throws MountError
 * @see Dockerfile reference, "RUN --mount"
 */
export function readMount(mount: Word, expand: (word: Word) => string): MountSpec {
  const draft = readFields(mount, expand);
  const typeField = draft.set.get("type")?.field ?? mount;
  if (!MOUNT_TYPES.includes(draft.type)) {
    throw new MountError(typeField, `there is no mount type "${draft.type}"`, {
      hint: didYouMean(draft.type, MOUNT_TYPES, `The types are ${MOUNT_TYPES.join(", ")}.`),
    });
  }
  const type = draft.type as MountType;
  checkKeys(draft, type);
  const value = (key: string): string => draft.set.get(key)?.value ?? "";
  const number = (key: "uid" | "gid" | "mode"): number | undefined => {
    const given = draft.set.get(key);
    return given === undefined
      ? undefined
      : parseNumber(given.field, given.value, { name: key, radix: key === "mode" ? 8 : 10 });
  };
  const sharingField = draft.set.get("sharing")?.field;
  const sharing = sharingField?.text.toLowerCase() ?? "shared";
  if (!SHARING.includes(sharing)) {
    throw new MountError(sharingField!, `there is no sharing mode "${sharing}"`, {
      hint: didYouMean(sharing, SHARING, `The modes are ${SHARING.join(", ")}.`),
    });
  }
  const given = draft.set.get("target")?.field;
  const target = given?.text === "" ? undefined : given;
  if (target === undefined && type !== "secret" && type !== "ssh") {
    throw new MountError(mount, "--mount has no target", {
      hint: "Add target=/path, the place in the file system of the step.",
    });
  }
  const size = draft.set.get("size");
  const [uid, gid, mode] = [number("uid"), number("gid"), number("mode")];
  const from = draft.set.get("from")?.field;
  return {
    type,
    ...(from === undefined || from.text === "" ? {} : { from }),
    source: value("source"),
    ...(target === undefined ? {} : { target }),
    readonly: draft.readonly ?? type === "bind",
    id: value("id"),
    sharing: sharing as MountSpec["sharing"],
    sizeBytes: size === undefined ? 0 : parseSizeBytes(size.field, size.value),
    ...(uid === undefined ? {} : { uid }),
    ...(gid === undefined ? {} : { gid }),
    ...(mode === undefined ? {} : { mode }),
    required: value("required") === "true",
    ...(type === "secret" ? secretPlace(draft, mount) : {}),
  };
}
