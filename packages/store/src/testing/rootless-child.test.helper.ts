import { execFileSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import type { LayerId } from "@slipway/engine-sdk";
import type { BytePath } from "../layer-index/byte-path.ts";
import type { Entry } from "../layer-index/entry.ts";
import { openStore } from "../store.ts";
import { libc } from "../syscalls/libc.ts";

// Runs as the root of a user namespace without privileges outside: makes two layers as a RUN would, then a copy of the
// second from its index. Prints what it found as JSON.

const [folder] = process.argv.slice(2) as [string];
const store = await openStore({ root: path.join(folder, "store") });
const signal = new AbortController().signal;
const mounted = path.join(folder, "mounted");
fs.mkdirSync(mounted);

async function run(layers: readonly LayerId[], work: (root: string) => void): Promise<LayerId> {
  const writable = await store.roots.writable(
    { layers },
    { mountPoints: [{ path: "/proc", kind: "dir" }], signal },
  );
  const { lowerdirs, upperdir, workdir } = writable.root;
  const options = `lowerdir=${lowerdirs.join(":")},upperdir=${upperdir},workdir=${workdir},userxattr`;
  execFileSync("mount", ["-t", "overlay", "overlay", "-o", options, mounted]);
  work(mounted);
  execFileSync("umount", [mounted]);
  return (await writable.commit(signal))!;
}

const first = await run([], (root) => {
  execFileSync("sh", ["-c", "mkdir full gone; echo 1 > full/a; echo 2 > gone/b"], { cwd: root });
  libc().setXattr(path.join(root, "full/a"), "user.note", Buffer.from("n"));
});
const second = await run([first], (root) => {
  execFileSync("sh", ["-c", "rm -r full gone; mkdir full new; echo 3 > full/c"], { cwd: root });
});
const { entries } = await store.layers.index(second, signal);
const borrowed = entries.map((entry): Entry =>
  entry.kind === "file" ? { ...entry, content: { kind: "layer", layer: second, path: entry.path } } : entry,
);
const copy = await store.layers.addIndex({ entries: borrowed }, signal);
const shown: string[] = [];
await run([first, copy], (root) => {
  shown.push(...(fs.readdirSync(root, { recursive: true }) as string[]).sort());
  fs.writeFileSync(path.join(root, "x"), "");
});
const view = await store.roots.view({ layers: [first] }, signal);
console.log(
  JSON.stringify({
    first: (await store.layers.index(first, signal)).entries.map(({ path: at }) => at),
    note: Buffer.from(
      (view.lstat("full/a" as BytePath)!.entry as { xattrs?: Map<string, Uint8Array> }).xattrs!.get(
        "user.note",
      )!,
    ).toString(),
    second: entries.map(
      (entry) => `${entry.kind} ${entry.path}${"opaque" in entry && entry.opaque ? " opaque" : ""}`,
    ),
    shown,
  }),
);
await store.close();
