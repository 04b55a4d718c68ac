import { execFileSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { onTestFinished, TestRunner } from "vitest";
import type { LayerId, Ref } from "@slipway/engine-sdk";
import type { Store, WritableRoot } from "../contracts.ts";
import type { BytePath } from "../layer-index/byte-path.ts";
import type { Entry, EntryMetadata, LayerIndex } from "../layer-index/entry.ts";
import { openStore } from "../store.ts";

export const signal: AbortSignal = new AbortController().signal;

/** A folder that is removed when the test ends. */
export function temporaryFolder(): string {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "slipway-store-test-"));
  onTestFinished(() => {
    // Work folders of overlayfs are closed to their owner, too, unless that is root.
    if (process.geteuid?.() !== 0) execFileSync("chmod", ["-R", "u+rwX", folder]);
    fs.rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  });
  return folder;
}

/** Skips the test that calls it, unless it is root's: trees of layers have files of root's. */
export function needRoot(): void {
  if (process.geteuid?.() === 0) return;
  if (process.env.SLIPWAY_REQUIRE_ALL === "1") throw new Error("needs root");
  TestRunner.getCurrentTest()?.context.skip("needs root: files in layers are root's");
}

/** A store in a folder of its own, closed when the test ends. */
export async function temporaryStore(
  root = temporaryFolder(),
  warn?: (message: string) => void,
): Promise<Store> {
  needRoot();
  const store = await openStore(warn === undefined ? { root } : { root, warn });
  onTestFinished(() => store.close());
  return store;
}

/** Whether tests that mount can run here; when everything is required, the lack is a failure. */
export function canMount(): boolean {
  const able = process.geteuid?.() === 0 && mountWorks();
  if (!able && process.env.SLIPWAY_REQUIRE_ALL === "1") throw new Error("overlay mounts need root");
  return able;
}

function mountWorks(): boolean {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "slipway-mount-probe-"));
  try {
    execFileSync("mount", ["-t", "tmpfs", "tmpfs", folder], { stdio: "ignore" });
    execFileSync("umount", [folder], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

/** Does `work` in the mounted overlay of a writable root. */
export function inOverlay<T>({ root }: Pick<WritableRoot, "root">, work: (mounted: string) => T): T {
  const mounted = fs.mkdtempSync(path.join(os.tmpdir(), "slipway-overlay-"));
  const options = `lowerdir=${root.lowerdirs.join(":")},upperdir=${root.upperdir},workdir=${root.workdir}`;
  execFileSync("mount", [
    "-t",
    "overlay",
    "overlay",
    "-o",
    `${options},redirect_dir=off,metacopy=off,index=off`,
    mounted,
  ]);
  try {
    return work(mounted);
  } finally {
    execFileSync("umount", [mounted]);
    fs.rmdirSync(mounted);
  }
}

/** Runs a shell script over a ref as RUN would; the new layer or null. */
export async function run(store: Store, ref: Ref, script: string): Promise<LayerId | null> {
  const writable = await store.roots.writable(ref, { mountPoints: [], signal });
  inOverlay(writable, (mounted) =>
    execFileSync("bash", ["-euc", script], { cwd: mounted, stdio: ["ignore", "inherit", "inherit"] }),
  );
  return writable.commit(signal);
}

const METADATA: EntryMetadata = { mode: 0o644, uid: 0, gid: 0, mtimeNs: 1_700_000_000_123_456_789n };

/** Entries for tests: short forms with usual metadata. */
export const entry = {
  file: (path: string, text: string, rest: Partial<EntryMetadata> = {}): Entry => ({
    kind: "file",
    path: path as BytePath,
    ...METADATA,
    ...rest,
    sizeBytes: Buffer.byteLength(text),
    content: { kind: "bytes", data: Buffer.from(text) },
  }),
  dir: (path: string, rest: Partial<EntryMetadata> & { opaque?: boolean } = {}): Entry => ({
    kind: "dir",
    path: path as BytePath,
    ...METADATA,
    mode: 0o755,
    ...rest,
  }),
  symlink: (path: string, target: string): Entry => ({
    kind: "symlink",
    path: path as BytePath,
    ...METADATA,
    mode: 0o777,
    target,
  }),
  hardlink: (path: string, target: string): Entry => ({
    kind: "hardlink",
    path: path as BytePath,
    target: target as BytePath,
  }),
  whiteout: (path: string): Entry => ({ kind: "whiteout", path: path as BytePath }),
};

export function indexOf(...entries: Entry[]): LayerIndex {
  return { entries };
}

export const bytePath = (path: string): BytePath => path as BytePath;
