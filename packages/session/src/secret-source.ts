import { InputError } from "@slipway/oci";

/** A secret that the client lends, and where its bytes are. */
export interface SecretSource {
  /** What `RUN --mount=type=secret,id=…` asks for. */
  readonly id: string;
  readonly from:
    | {
        readonly kind: "file";
        /** Absolute, or relative to the session's `cwd`. */
        readonly path: string;
      }
    | { readonly kind: "env"; readonly name: string }
    | { readonly kind: "bytes"; readonly data: Uint8Array };
}

const HINT = "Write it as id=NAME,src=FILE or id=NAME,env=VARIABLE.";

/**
 * Reads the fields of a `--secret`: `id=NAME[,src=FILE|,env=VARIABLE][,type=file|env]`. With neither `src` nor `env` the
 * secret is the environment variable of its name if there is one, else the file of its name.
 * @param fields of the comma-separated line, each `key=value`.
 * @throws InputError `SECRET_INVALID`
 * @see docker buildx build --secret
 */
export function parseSecret(
  fields: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): SecretSource {
  const values = new Map<string, string>();
  for (const field of fields) {
    const equals = field.indexOf("=");
    if (equals < 0) throw invalid(`"${field}" is not of the form key=value`);
    const given = field.slice(0, equals).toLowerCase();
    const key = given === "source" ? "src" : given;
    if (!["id", "src", "env", "type"].includes(key)) throw invalid(`there is no key "${given}"`);
    values.set(key, field.slice(equals + 1));
  }
  const id = values.get("id") ?? "";
  const type = values.get("type") ?? "";
  const src = values.get("src") ?? "";
  const name = values.get("env") ?? "";
  if (id === "") throw invalid("the secret has no id");
  if (!["", "file", "env"].includes(type)) throw invalid(`there is no type "${type}": it is file or env`);
  // `type=env,src=NAME` is the older way to write `env=NAME`; a file named beside it counts first, as with docker.
  if (type === "env" && name === "" && src !== "") return { id, from: { kind: "env", name: src } };
  if (name !== "" && src === "") return { id, from: { kind: "env", name } };
  if (src !== "") return { id, from: { kind: "file", path: src } };
  if (type !== "file" && (type === "env" || env[id] !== undefined))
    return { id, from: { kind: "env", name: id } };
  return { id, from: { kind: "file", path: id } };
}

function invalid(message: string): InputError<"SECRET_INVALID"> {
  return new InputError("SECRET_INVALID", message, { hint: HINT });
}
