import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { gunzipSync, zstdDecompressSync } from "node:zlib";

/** The forms in which the bytes of a secret could be left somewhere. */
function forms(secret: string): Buffer[] {
  const bytes = Buffer.from(secret);
  return [
    bytes,
    Buffer.from(bytes.toString("hex")),
    // Without the ends, which depend on what is beside them.
    ...[0, 1, 2].map((shift) => {
      const shifted = Buffer.concat([Buffer.alloc(shift), bytes]).toString("base64");
      return Buffer.from(shifted.slice(4, -4));
    }),
  ];
}

/** Whether a text holds the secret in any form. */
export function tells(text: string | Buffer, secret: string): boolean {
  const bytes = Buffer.from(text);
  return forms(secret).some((form) => bytes.includes(form));
}

/** Files below `folder` that hold the secret in any form, compressed ones included; and names that do. */
export function tracesIn(folder: string, secret: string): string[] {
  const found: string[] = [];
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const file = path.join(entry.parentPath, entry.name);
    if (tells(entry.name, secret)) found.push(file);
    if (!entry.isFile()) continue;
    let content: Buffer;
    try {
      content = readFileSync(file);
    } catch {
      continue; // it has gone
    }
    if (tells(content, secret) || tells(unpacked(content), secret)) found.push(file);
  }
  return found;
}

function unpacked(content: Buffer): Buffer {
  const magic = content.subarray(0, 4).toString("hex");
  try {
    if (magic.startsWith("1f8b")) return gunzipSync(content);
    if (magic === "28b52ffd") return zstdDecompressSync(content);
  } catch {
    // It only looks compressed.
  }
  return Buffer.alloc(0);
}
