import { createPrivateKey, sign, type JsonWebKey, type KeyObject } from "node:crypto";
import { EncryptedKeyError } from "./encrypted-key-error.ts";
import { openSshKey } from "./openssh-key.ts";
import { mpint, sshString } from "./wire.ts";

/** A private key that signs. */
export interface PrivateKey {
  /** The public key as SSH writes it. @see RFC 4253, section 6.6 */
  readonly publicBlob: Buffer;
  /** @param flags of the agent protocol: which hash an RSA key signs with. @returns as SSH writes signatures */
  sign(data: Buffer, flags: number): Buffer;
}

const CURVES: Readonly<Record<string, { readonly name: string; readonly hash: string }>> = {
  "P-256": { name: "nistp256", hash: "sha256" },
  "P-384": { name: "nistp384", hash: "sha384" },
  "P-521": { name: "nistp521", hash: "sha512" },
};

const RSA_SHA2_256 = 2;
const RSA_SHA2_512 = 4;

/**
 * Reads a key of a PEM file: OpenSSH's own form, PKCS#1, PKCS#8 or SEC1; RSA, Ed25519 or ECDSA.
 * @throws EncryptedKeyError; Error for what is no key.
 */
export function parsePrivateKey(text: string): PrivateKey {
  if (text.includes("-----BEGIN OPENSSH PRIVATE KEY-----"))
    return keyOf(createPrivateKey({ key: openSshKey(text), format: "jwk" }));
  if (/-----BEGIN ENCRYPTED PRIVATE KEY-----|^Proc-Type: 4,ENCRYPTED/m.test(text))
    throw new EncryptedKeyError();
  if (!/-----BEGIN (\w+ )?PRIVATE KEY-----/.test(text)) throw new Error("there is no private key in it");
  return keyOf(createPrivateKey(text));
}

function keyOf(key: KeyObject): PrivateKey {
  const jwk = key.export({ format: "jwk" });
  if (jwk.kty === "RSA") return rsaKey(key, jwk);
  if (jwk.kty === "EC") return ecdsaKey(key, jwk);
  if (jwk.crv === "Ed25519") return ed25519Key(key, jwk);
  throw new Error(`ssh has no keys of the type ${jwk.crv ?? jwk.kty ?? "in it"}`);
}

function rsaKey(key: KeyObject, jwk: JsonWebKey): PrivateKey {
  return {
    publicBlob: Buffer.concat([sshString("ssh-rsa"), mpint(bytes(jwk.e)), mpint(bytes(jwk.n))]),
    sign(data, flags) {
      const [name, hash] =
        flags & RSA_SHA2_512
          ? (["rsa-sha2-512", "sha512"] as const)
          : flags & RSA_SHA2_256
            ? (["rsa-sha2-256", "sha256"] as const)
            : (["ssh-rsa", "sha1"] as const);
      return Buffer.concat([sshString(name), sshString(sign(hash, data, key))]);
    },
  };
}

function ed25519Key(key: KeyObject, jwk: JsonWebKey): PrivateKey {
  const name = sshString("ssh-ed25519");
  return {
    publicBlob: Buffer.concat([name, sshString(bytes(jwk.x))]),
    sign: (data) => Buffer.concat([name, sshString(sign(null, data, key))]),
  };
}

/** @see RFC 5656, section 3.1 */
function ecdsaKey(key: KeyObject, jwk: JsonWebKey): PrivateKey {
  const curve = CURVES[jwk.crv ?? ""];
  if (!curve) throw new Error(`ssh has no keys on the curve ${jwk.crv}`);
  const name = sshString(`ecdsa-sha2-${curve.name}`);
  const point = Buffer.concat([Buffer.of(4), bytes(jwk.x), bytes(jwk.y)]);
  return {
    publicBlob: Buffer.concat([name, sshString(curve.name), sshString(point)]),
    sign(data) {
      const both = sign(curve.hash, data, { key, dsaEncoding: "ieee-p1363" });
      const half = both.length / 2;
      return Buffer.concat([
        name,
        sshString(Buffer.concat([mpint(both.subarray(0, half)), mpint(both.subarray(half))])),
      ]);
    },
  };
}

function bytes(base64url: string | undefined): Buffer {
  return Buffer.from(base64url ?? "", "base64url");
}
