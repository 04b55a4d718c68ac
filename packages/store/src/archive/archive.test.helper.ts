import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { execFileSync } from "node:child_process";
import type { LayerCompression } from "@slipway/oci";
import { bytesOfText, joinBytes } from "../layer-index/byte-path.ts";
import type { BytePath } from "../layer-index/byte-path.ts";
import { comparePaths } from "../layer-index/entry.ts";
import type { Entry, FileEntry, LayerIndex } from "../layer-index/entry.ts";
import { packLayer } from "./pack-layer.ts";
import type { PackContent, PackRequest, PackResult } from "./contracts.ts";

export const SIGNAL: AbortSignal = new AbortController().signal;
export const IS_ROOT = process.getuid?.() === 0;

/** Whether a program is there; with SLIPWAY_REQUIRE_ALL its absence is a failure. */
export function hasProgram(name: string): boolean {
  try {
    execFileSync("sh", ["-c", `command -v ${name}`], { stdio: "ignore" });
    return true;
  } catch {
    if (process.env.SLIPWAY_REQUIRE_ALL === "1") throw new Error(`${name} is required`);
    return false;
  }
}

export function temporaryFolder(): { path: string; [Symbol.dispose](): void } {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "slipway-archive-"));
  return { path: folder, [Symbol.dispose]: () => fs.rmSync(folder, { recursive: true, force: true }) };
}

export const METADATA = { mode: 0o644, uid: 0, gid: 0, mtimeNs: 1_700_000_000_000_000_000n };

type Loose<T> = T extends Entry
  ? Omit<T, "path" | "mode" | "uid" | "gid" | "mtimeNs"> & { path: string } & Partial<
        Pick<T & typeof METADATA, "mode" | "uid" | "gid" | "mtimeNs">
      >
  : never;

/** An index from entries in any order; names are text, metadata has defaults. */
export function indexOf(...entries: Loose<Entry>[]): LayerIndex {
  const full = entries.map((entry) => {
    const withPath = { ...entry, path: bytesOfText(entry.path) as BytePath };
    return entry.kind === "whiteout" || entry.kind === "hardlink"
      ? (withPath as Entry)
      : ({ ...METADATA, ...(entry.kind === "dir" ? { mode: 0o755 } : {}), ...withPath } as Entry);
  });
  return { entries: full.sort((a, b) => comparePaths(a.path, b.path)) };
}

/** A file with literal content. */
export function file(path: string, content: string | Uint8Array, rest: Partial<FileEntry> = {}) {
  const data = typeof content === "string" ? Buffer.from(content) : content;
  return {
    ...rest,
    kind: "file" as const,
    path,
    sizeBytes: data.length,
    content: { kind: "bytes" as const, data },
  };
}

/** Content of files by their own source; trees need `treeDir`. */
export function contentIn(treeDir?: string): (entry: FileEntry) => PackContent {
  return ({ content, path: at }) => {
    switch (content.kind) {
      case "bytes":
        return content;
      case "tree":
        return { kind: "file", path: joinBytes(bytesOfText(treeDir!), at) };
      case "host":
        return { kind: "file", path: content.path, identity: content.identity };
      default:
        throw new Error("no such content in tests");
    }
  };
}

export async function packToBuffer(
  index: LayerIndex,
  options: { compression?: LayerCompression; treeDir?: string } & Partial<PackRequest> = {},
): Promise<PackResult & { blob: Buffer }> {
  const chunks: Buffer[] = [];
  const result = await packLayer({
    index,
    resolveContent: contentIn(options.treeDir),
    compression: "none",
    sink: (chunk) => void chunks.push(Buffer.from(chunk)),
    signal: SIGNAL,
    ...options,
  });
  return { ...result, blob: Buffer.concat(chunks) };
}
