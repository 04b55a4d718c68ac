import type { JsonWebKey } from "node:crypto";
import { EncryptedKeyError } from "./encrypted-key-error.ts";
import { SshReader } from "./wire.ts";

const MAGIC = "openssh-key-v1\0";

/**
 * The key of a file in OpenSSH's own form.
 * @throws EncryptedKeyError; Error for keys that can't be used without a device, and for damaged files.
 * @see OpenSSH, PROTOCOL.key
 */
export function openSshKey(text: string): JsonWebKey {
  const body = /-----BEGIN OPENSSH PRIVATE KEY-----([\s\S]*?)-----END/.exec(text)?.[1] ?? "";
  const reader = new SshReader(Buffer.from(body, "base64"));
  if (reader.bytes(MAGIC.length).toString("latin1") !== MAGIC) throw new Error("it is damaged");
  const cipher = reader.text();
  reader.string(); // how a passphrase becomes a key
  reader.string();
  const count = reader.uint32();
  if (cipher !== "none") throw new EncryptedKeyError();
  if (count !== 1) throw new Error(`there are ${count} keys in it`);
  reader.string(); // the public key, which is in the private part as well
  const key = new SshReader(reader.string());
  if (key.uint32() !== key.uint32()) throw new Error("it is damaged");
  return jwkOf(key.text(), key);
}

function jwkOf(type: string, key: SshReader): JsonWebKey {
  switch (type) {
    case "ssh-ed25519": {
      const x = key.string();
      // The seed, and the public key once more.
      return { kty: "OKP", crv: "Ed25519", x: base64(x), d: base64(key.string().subarray(0, 32)) };
    }
    case "ssh-rsa": {
      const [n, e, d, qi, p, q] = Array.from({ length: 6 }, () => key.magnitude()) as [
        Buffer,
        Buffer,
        Buffer,
        Buffer,
        Buffer,
        Buffer,
      ];
      const below = (prime: Buffer): string => base64(remainder(d, prime));
      return {
        kty: "RSA",
        n: base64(n),
        e: base64(e),
        d: base64(d),
        p: base64(p),
        q: base64(q),
        dp: below(p),
        dq: below(q),
        qi: base64(qi),
      };
    }
    case "ecdsa-sha2-nistp256":
    case "ecdsa-sha2-nistp384":
    case "ecdsa-sha2-nistp521": {
      const crv = `P-${type.slice(-3)}`;
      key.string(); // the curve's name
      const point = key.string();
      const size = (point.length - 1) / 2;
      const d = key.magnitude();
      return {
        kty: "EC",
        crv,
        x: base64(point.subarray(1, 1 + size)),
        y: base64(point.subarray(1 + size)),
        d: base64(Buffer.concat([Buffer.alloc(Math.max(0, size - d.length)), d])),
      };
    }
    default:
      throw new Error(`keys of the type ${type} can't be used from a file: lend an agent that has it`);
  }
}

/** `value` modulo `prime - 1`. */
function remainder(value: Buffer, prime: Buffer): Buffer {
  const number = (bytes: Buffer): bigint => BigInt(`0x${bytes.toString("hex")}`);
  const hex = (number(value) % (number(prime) - 1n)).toString(16);
  return Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, "hex");
}

function base64(bytes: Buffer): string {
  return bytes.toString("base64url");
}
