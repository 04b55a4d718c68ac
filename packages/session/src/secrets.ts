import fs from "node:fs";
import path from "node:path";
import { InputError, WorldError } from "@slipway/oci";
import type { SecretSource } from "./secret-source.ts";

/** A secret is no larger. In bytes. @see facts of BuildKit's wire, "Session services" */
export const MAX_SECRET_BYTES = 500 * 1024;

/** The environment and folder that sources of secrets and agents refer to. */
export interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Absolute. */
  readonly cwd: string;
}

/** Gives the bytes of a secret, anew each time. */
export type SecretReader = () => Promise<Uint8Array>;

/**
 * Checks what can be checked before a build: that files are there and not too large.
 * @throws InputError `SECRET_NOT_FOUND`, `SECRET_TOO_LARGE`
 */
export function openSecret({ id, from }: SecretSource, surroundings: Surroundings): SecretReader {
  switch (from.kind) {
    case "bytes":
      return () => Promise.resolve(checkedSize(id, from.data));
    case "env":
      // A variable that is not set is an empty secret, as with docker.
      return () => Promise.resolve(checkedSize(id, Buffer.from(surroundings.env[from.name] ?? "")));
    case "file":
      return openFile(id, path.resolve(surroundings.cwd, from.path));
  }
}

function openFile(id: string, file: string): SecretReader {
  const stat = fs.statSync(file, { throwIfNoEntry: false });
  if (stat === undefined) {
    throw new InputError("SECRET_NOT_FOUND", `the file of the secret "${id}" does not exist: ${file}`, {
      hint: file.includes("/~/")
        ? "The shell did not expand ~: write $HOME instead."
        : "Check src, or name an environment variable with env.",
    });
  }
  if (stat.isFile() && stat.size > MAX_SECRET_BYTES) throw tooLarge(id);
  if (stat.isFile()) return () => readFile(id, file);
  // What a pipe has said once, it does not say again: `--secret id=x,src=<(command)`.
  let content: Promise<Uint8Array> | undefined;
  return () => (content ??= readFile(id, file));
}

async function readFile(id: string, file: string): Promise<Uint8Array> {
  try {
    const chunks: Buffer[] = [];
    let sizeBytes = 0;
    for await (const chunk of fs.createReadStream(file)) {
      chunks.push(chunk as Buffer);
      sizeBytes += (chunk as Buffer).length;
      if (sizeBytes > MAX_SECRET_BYTES) throw tooLarge(id);
    }
    return Buffer.concat(chunks);
  } catch (cause) {
    if (cause instanceof InputError) throw cause;
    const reason = (cause as NodeJS.ErrnoException).code ?? "";
    const what = reason === "EISDIR" ? "it is a folder" : reason;
    throw new WorldError("SECRET_UNREADABLE", `the secret "${id}" can't be read from ${file}: ${what}`, {
      hint: "It must be a file that this user may read, and stay there while the build runs.",
      cause,
    });
  }
}

function checkedSize(id: string, data: Uint8Array): Uint8Array {
  if (data.length > MAX_SECRET_BYTES) throw tooLarge(id);
  return data;
}

function tooLarge(id: string): InputError<"SECRET_TOO_LARGE"> {
  return new InputError("SECRET_TOO_LARGE", `the secret "${id}" is larger than 500 KiB`, {
    hint: "Secrets are credentials and keys; pass larger files with --build-context.",
  });
}
