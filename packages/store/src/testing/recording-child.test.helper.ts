import fs from "node:fs";
import path from "node:path";
import { sha256 } from "@slipway/oci";
import type { LayerId } from "@slipway/engine-sdk";
import { openStore } from "../store.ts";

// A process that makes and records layers until it is killed. Prints the number of each result that is recorded.

const [root, name] = process.argv.slice(2) as [string, string];
const store = await openStore({ root });
const signal = new AbortController().signal;
let layers: LayerId[] = [];
for (let i = 0; ; i++) {
  if (layers.length > 4) layers = [];
  const writable = await store.roots.writable({ layers }, { mountPoints: [], signal });
  for (let file = 0; file < 5; file++)
    fs.writeFileSync(path.join(writable.root.upperdir, `f${file}`), `${name} ${i}`);
  layers = [...layers, (await writable.commit(signal))!];
  const writer = await store.blobs.create();
  await writer.write(Buffer.from(`${name} ${i}`));
  await writer.commit();
  store.cache.record(
    [sha256(`${name} ${i}`)],
    { outputs: [{ layers }, null] },
    { description: `${name} ${i}` },
  );
  // What this process has made it can use, whatever others prune meanwhile.
  const found = store.cache.lookup(sha256(`${name} ${i}`));
  if (found === null) throw new Error(`result ${i} is gone`);
  const view = await store.roots.view(found.outputs[0]!, signal);
  if (String(await view.readFile("f4")) !== `${name} ${i}`) throw new Error(`result ${i} is wrong`);
  fs.writeSync(1, `${i}\n`);
}
