import { InputError } from "./errors.ts";
import { shortSha256 } from "./short-sha256.ts";

/** `sha256:` and 64 lower-case hex digits. @see OCI image-spec, descriptor.md, Digests */
export type Digest = string & { readonly __brand: "Digest" };
/** Digest of a layer's uncompressed tar. @see OCI image-spec, config.md, Layer DiffID */
export type DiffId = Digest & { readonly __diffId: true };
/** Digest that names a layer together with everything below it. @see OCI image-spec, config.md, Layer ChainID */
export type ChainId = Digest & { readonly __chainId: true };

const SHA256 = /^sha256:[0-9a-f]{64}$/;

export function isDigest(text: string): text is Digest {
  return SHA256.test(text);
}

/** @throws InputError `DIGEST_INVALID` for anything but a well-formed sha256 digest. */
export function parseDigest(text: string): Digest {
  if (isDigest(text)) return text;
  throw new InputError("DIGEST_INVALID", `"${text}" is not a digest`, {
    hint: "A digest is sha256: followed by 64 lower-case hexadecimal digits.",
  });
}

/** The 64 hex digits of a digest. */
export function digestHex(digest: Digest): string {
  return digest.slice("sha256:".length);
}

/** Node's crypto module, which takes as long to load as a tenth of a cached build that needs it for nothing else. */
let loaded: typeof import("node:crypto") | undefined;

function crypto(): typeof import("node:crypto") {
  return (loaded ??= process.getBuiltinModule("node:crypto"));
}

/** Beyond either of these the module is worth its loading. */
const MOST_SHORT_BYTES = 4096;
const MOST_BYTES_WITHOUT = 16 * 1024;
let bytesWithout = 0;

/** SHA-256 of bytes, or of a string's UTF-8 form. */
export function sha256(data: Uint8Array | string): Digest {
  if (loaded === undefined && data.length <= MOST_SHORT_BYTES && bytesWithout < MOST_BYTES_WITHOUT) {
    const bytes = typeof data === "string" ? Buffer.from(data, "utf8") : data;
    bytesWithout += bytes.length;
    return `sha256:${shortSha256(bytes)}` as Digest;
  }
  return `sha256:${crypto().hash("sha256", data, "hex")}` as Digest;
}

/** A running SHA-256. */
export interface Digester {
  update(chunk: Uint8Array | string): this;
  /** Ends the digester; may be called once. */
  digest(): Digest;
}

export function createDigester(): Digester {
  const hasher = crypto().createHash("sha256");
  return {
    update(chunk) {
      hasher.update(chunk);
      return this;
    },
    digest: () => `sha256:${hasher.digest("hex")}` as Digest,
  };
}

/** Chain IDs of a list of diff IDs, base layer first; as long as `diffIds`. @see OCI image-spec, config.md */
export function chainIds(diffIds: readonly DiffId[]): ChainId[] {
  const chain: ChainId[] = [];
  for (const diffId of diffIds) {
    const parent = chain.at(-1);
    chain.push((parent === undefined ? diffId : sha256(`${parent} ${diffId}`)) as ChainId);
  }
  return chain;
}
