import fs from "node:fs";
import path from "node:path";
import { SlipwayError } from "@slipway/oci";
import { unpackArchive } from "../archive/unpack-archive.ts";
import { unpackLayer } from "../archive/unpack-layer.ts";
import { bytesOfText } from "../layer-index/byte-path.ts";
import type { EntryMetadata, LayerIndex } from "../layer-index/entry.ts";
import { materialize } from "../layers/materialize.ts";

// Runs as the only user of a user namespace: unpacks the tar `FOLDER/a.tar` as an archive and as a layer, and makes what the
// archive holds a tree. Prints what came of it as JSON.

const [folder] = process.argv.slice(2) as [string];
const signal = new AbortController().signal;
const file = path.join(folder, "a.tar");

function newFolder(name: string): string {
  const made = path.join(folder, name);
  fs.mkdirSync(made);
  return made;
}

function complaint(error: unknown): string {
  return error instanceof SlipwayError ? `${error.code} ${error.message}` : String(error);
}

const treeDir = newFolder("archive");
const index = await unpackArchive({ path: bytesOfText(file), treeDir, signal });
const entries = (index as LayerIndex).entries;
const layer = await unpackLayer({
  source: { path: file },
  compression: "none",
  treeDir: newFolder("layer"),
  signal,
}).catch(complaint);
const tree = await materialize({ entries }, bytesOfText(newFolder("tree")), {
  contentOf: ({ path: at }) => ({ kind: "file", path: bytesOfText(path.join(treeDir, at)), immutable: true }),
  signal,
  allowHardlinks: true,
}).catch(complaint);

console.log(
  JSON.stringify({
    owners: entries.map((entry) => {
      const { uid, gid } = entry as EntryMetadata;
      return `${entry.path} ${uid}:${gid}`;
    }),
    onDisk: entries.map((entry) => fs.lstatSync(path.join(treeDir, entry.path)).uid),
    content: fs.readFileSync(path.join(treeDir, "d/f"), "utf8"),
    layer,
    tree,
  }),
);
