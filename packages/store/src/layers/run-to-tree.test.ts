import { execFileSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import type { LayerId } from "@slipway/engine-sdk";
import { bytesOfText, type BytePath } from "../layer-index/byte-path.ts";
import { flattenView } from "../roots/flatten-view.ts";
import {
  bytePath,
  canMount,
  inOverlay,
  run,
  signal,
  temporaryStore,
} from "../testing/temporary-store.test.helper.ts";
import { readXattrs } from "./xattrs.ts";
import { materialize } from "./materialize.ts";
import type { DefaultLayerStore } from "./default-layer-store.ts";

/** Everything that can be told about a tree, but the times of its root. */
function describeTree(folder: string): string[] {
  const lines: string[] = [];
  const links = new Map<bigint, number>();
  const visit = (at: string) => {
    for (const name of fs.readdirSync(Buffer.from(at, "latin1"), { encoding: "latin1" }).sort()) {
      const file = `${at}/${name}`;
      const bytes = Buffer.from(file, "latin1");
      const stat = fs.lstatSync(bytes, { bigint: true });
      const xattrs = [...(readXattrs(file, () => true) ?? [])].map(
        ([key, value]) => `${key}=${Buffer.from(value).toString("hex")}`,
      );
      let content = "";
      if (stat.isFile())
        content = `${stat.size}:${fs.readFileSync(bytes).toString("base64").slice(0, 40)}:${stat.blocks * 512n < stat.size ? "sparse" : "full"}`;
      if (stat.isSymbolicLink()) content = fs.readlinkSync(bytes, { encoding: "latin1" });
      const group =
        stat.isDirectory() || stat.nlink === 1n
          ? "-"
          : String(links.get(stat.ino) ?? (links.set(stat.ino, links.size), links.size - 1));
      lines.push(
        [
          JSON.stringify(file.slice(folder.length)),
          stat.mode.toString(8),
          stat.uid,
          stat.gid,
          stat.mtimeNs,
          stat.rdev,
          group,
          content,
          ...xattrs,
        ].join(" "),
      );
      if (stat.isDirectory()) visit(file);
    }
  };
  visit(folder);
  return lines;
}

/** What a layer can hold, made as a RUN would make it. */
const EVERYTHING = String.raw`
  umask 022
  mkdir -p dir/sub 'sp ace'
  printf one > dir/plain; chmod 640 dir/plain; chown 12:34 dir/plain
  touch -d '2001-02-03 04:05:06.123456789' dir/plain
  printf suid > dir/suid; chmod 4755 dir/suid
  mkdir sticky; chmod 1777 sticky
  mkdir sgid; chown 0:55 sgid; chmod 2775 sgid; touch sgid/inherits
  printf linked > dir/a; ln dir/a dir/sub/b; ln dir/a c
  ln -s ../somewhere/else dir/link; touch -h -d '1999-12-31 23:59:59.987654321' dir/link
  ln -s / absolute
  mknod dev-char c 5 1; mknod dev-block b 259 1048575; mkfifo -m 0600 fifo
  printf x > $'name-\xff-not-utf8'; printf y > $'neu-\xc3\xa4'; mkdir $'\xfe'; printf z > $'\xfe/\x01'
  truncate -s 1M sparse; printf end | dd of=sparse bs=1 seek=900000 conv=notrunc status=none
  cp /bin/true capable; chmod 755 capable
  touch -d '1960-01-01 00:00:00.5' old
  python3 - <<'PY'
import os, socket
os.setxattr("dir/plain", "user.note", b"a\x00b")
os.setxattr("dir", "user.on-dir", b"d")
os.setxattr("capable", "security.capability", bytes.fromhex("0100000200200000000000000000000000000000"))
s = socket.socket(socket.AF_UNIX); s.bind("socket")
PY
`;

describe.skipIf(!canMount())("what a RUN leaves (needs root for mounts)", () => {
  test("survives from the upper folder through the index to another tree, in every detail", async () => {
    const store = await temporaryStore();
    const id = (await run(store, { layers: [] }, EVERYTHING))!;
    const tree = await store.layers.tree(id, signal);
    const layers = store.layers as DefaultLayerStore;
    const index = await store.layers.index(id, signal);
    const copy = store.temporaryFolder();
    await materialize(index, copy, {
      contentOf: (entry) => layers.contentOf(id, entry)!,
      signal,
      allowHardlinks: false,
    });
    const original = describeTree(tree);
    const withoutOverlay = (lines: string[]) =>
      lines.map((line) => line.replace(/ trusted\.overlay\.\S+/g, ""));
    expect(describeTree(copy)).toEqual(withoutOverlay(original));
    expect(original.join("\n")).not.toContain("socket");
    expect(original.join("\n")).toContain("sparse");
    expect(index.entries.filter(({ kind }) => kind === "hardlink").map(({ path }) => path)).toEqual([
      "dir/a",
      "dir/sub/b",
    ]);
  });

  test("looks the same in another process's overlay, copied through a merged view", async () => {
    const store = await temporaryStore();
    const base = (await run(store, { layers: [] }, EVERYTHING))!;
    const next = (await run(
      store,
      { layers: [base] },
      "rm -r dir/sub; printf new > dir/new; rm c; rm -r sticky; mkdir sticky; touch sticky/x",
    ))!;
    const view = await store.roots.view({ layers: [base, next] }, signal);
    const layers = store.layers as DefaultLayerStore;
    const flat = store.temporaryFolder();
    await materialize(flattenView(view), flat, {
      contentOf: (entry) => layers.contentOf(base, entry)!,
      signal,
      allowHardlinks: false,
    });
    const writable = await store.roots.writable({ layers: [base, next] }, { mountPoints: [], signal });
    const mounted = inOverlay(writable, describeTree);
    // Of dir/a one name is left, but overlayfs goes on counting the links below.
    const linksAside = (line: string) => line.replace(/( \d+ \d+) (?:\d+|-) (?=6:bGlua2Vk)/, "$1 ");
    expect(describeTree(flat).map(linksAside)).toEqual(mounted.map(linksAside));
    await writable.discard();
  });

  test("is null when nothing changed, even if folders were copied up", async () => {
    const store = await temporaryStore();
    const base = (await run(store, { layers: [] }, "mkdir -p a/b; echo hi > a/b/c"))!;
    expect(await run(store, { layers: [base] }, "cat a/b/c > /dev/null")).toBeNull();
    const copiedUp = 'm=$(stat -c %y a/b); touch a/b/new; rm a/b/new; touch -d "$m" a/b';
    expect(await run(store, { layers: [base] }, copiedUp)).toBeNull();
    expect(await run(store, { layers: [base] }, "chmod 700 a/b")).not.toBeNull();
  });

  test("leaves out files that came up and are what they were, so that hard links stay", async () => {
    const store = await temporaryStore();
    const base = (await run(
      store,
      { layers: [] },
      "mkdir d; echo hi > d/a; ln d/a d/b; echo ho > d/c; ln -s c d/l; touch -d '2001-02-03 04:05:06.123456789' d",
    ))!;
    expect(
      await run(store, { layers: [base] }, "chmod 644 d/*; chown -R 0:0 d; chown -h 0:0 d/l"),
    ).toBeNull();
    const sameTime = 'm=$(stat -c %y d/c); echo hu > d/c; touch -d "$m" d/c; chmod 644 d/a';
    const changed = (await run(store, { layers: [base] }, sameTime))!;
    const { entries } = await store.layers.index(changed, signal);
    expect(entries.map(({ path }) => path)).toEqual(["d", "d/c"]);
    const merged = await store.roots.view({ layers: [base, changed] }, signal);
    expect(merged.lstat(bytesOfText("d/b") as BytePath)?.entry.kind).toBe("hardlink");
    expect((await merged.readFile("d/c")).toString()).toBe("hu\n");
  });

  test("has whiteouts for what lower layers have only, and opaque folders only where they hide something", async () => {
    const store = await temporaryStore();
    const base = (await run(
      store,
      { layers: [] },
      "mkdir -p full empty; echo 1 > full/one; echo 2 > gone; echo 3 > stays",
    ))!;
    const id = (await run(
      store,
      { layers: [base] },
      "touch new; rm new; rm gone; rm -r full; mkdir full; touch full/two; rm -r empty; mkdir empty; mkdir fresh",
    ))!;
    const { entries } = await store.layers.index(id, signal);
    expect(
      entries.map(
        (entry) => `${entry.kind} ${entry.path}${entry.kind === "dir" && entry.opaque ? " opaque" : ""}`,
      ),
    ).toEqual(["dir empty", "dir fresh", "dir full opaque", "file full/two", "whiteout gone"]);
    const view = await store.roots.view({ layers: [base, id] }, signal);
    expect([...view.walk(bytePath(""))].map(({ entry }) => entry.path)).toEqual([
      "",
      "empty",
      "fresh",
      "full",
      "full/two",
      "stays",
    ]);
  });

  test("keeps the metadata of the root, and takes it as a change when a RUN changes it", async () => {
    const store = await temporaryStore();
    const base = (await run(store, { layers: [] }, "chmod 711 .; chown 7:8 ."))!;
    expect((await store.layers.index(base, signal)).entries[0]).toMatchObject({
      path: "",
      kind: "dir",
      mode: 0o711,
      uid: 7,
      gid: 8,
    });
    expect(await run(store, { layers: [base] }, "stat -c %a:%u:%g . | grep -qx 711:7:8")).toBeNull();
  });

  test("never contains mount points that the ref lacks, even below a whiteout or an opaque folder", async () => {
    const store = await temporaryStore();
    const base = (await run(
      store,
      { layers: [] },
      "mkdir -p run/old etc; chmod 750 etc; chown 3:4 etc; touch run/old/x",
    ))!;
    const next = (await run(store, { layers: [base] }, "rm -r run; mkdir run; chmod 700 run"))!;
    const ref = { layers: [base, next] };
    const mountPoints = [
      { path: "/proc", kind: "dir" },
      { path: "/run/old/secrets/one", kind: "file" },
      { path: "/etc/resolv.conf", kind: "file" },
    ] as const;
    const writable = await store.roots.writable(ref, { mountPoints, signal });
    inOverlay(writable, (mounted) => {
      expect(fs.statSync(path.join(mounted, "proc")).isDirectory()).toBe(true);
      expect(fs.statSync(path.join(mounted, "run/old/secrets/one")).isFile()).toBe(true);
      expect(fs.statSync(path.join(mounted, "etc/resolv.conf")).size).toBe(0);
      expect(fs.existsSync(path.join(mounted, "run/old/x"))).toBe(false);
      const etc = fs.statSync(path.join(mounted, "etc"));
      expect([etc.mode & 0o7777, etc.uid, etc.gid]).toEqual([0o750, 3, 4]);
      execFileSync("sh", ["-c", "touch run/old/secrets/tmp && rm run/old/secrets/tmp"], { cwd: mounted });
    });
    expect(await writable.commit(signal)).toBeNull();
  });

  test("keeps what a process makes beside an offered mount point", async () => {
    const store = await temporaryStore();
    const writable = await store.roots.writable(
      { layers: [] },
      { mountPoints: [{ path: "/a/b/point", kind: "dir" }], signal },
    );
    inOverlay(writable, (mounted) => fs.writeFileSync(path.join(mounted, "a/b/kept"), "x"));
    const id = (await writable.commit(signal))!;
    expect((await store.layers.index(id, signal)).entries.map(({ path }) => path)).toEqual([
      "a",
      "a/b",
      "a/b/kept",
    ]);
  });

  test("needs no more than a page of mount options for 150 layers", { timeout: 60_000 }, async () => {
    const store = await temporaryStore();
    const layers: LayerId[] = [];
    for (let i = 0; i < 150; i++) {
      const writable = await store.roots.writable({ layers: [] }, { mountPoints: [], signal });
      fs.writeFileSync(path.join(writable.root.upperdir, `f${i % 100}`), String(i));
      layers.push((await writable.commit(signal))!);
    }
    const writable = await store.roots.writable(
      { layers },
      { mountPoints: [{ path: "/p", kind: "dir" }], signal },
    );
    const { lowerdirs, upperdir, workdir } = writable.root;
    expect(`lowerdir=${lowerdirs.join(":")},upperdir=${upperdir},workdir=${workdir}`.length).toBeLessThan(
      4000,
    );
    inOverlay(writable, (mounted) => {
      expect(fs.readdirSync(mounted)).toHaveLength(101);
      expect(fs.readFileSync(path.join(mounted, "f7"), "utf8")).toBe("107");
      expect(fs.readFileSync(path.join(mounted, "f77"), "utf8")).toBe("77");
    });
    await writable.discard();
  });
});
