import path from "node:path";
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { describe, expect, test } from "vitest";
import type { SuiteContext } from "./suite-context.ts";

/** The root and what is mounted in it. */
export function describeMounts(context: SuiteContext): void {
  const { shell, success } = context;
  describe("mounts", () => {
    test("changes land in the upper folder: new, changed and deleted files, nothing else", async () => {
      const overlay = context.root.overlay();
      const { exit } = await shell(
        "echo new > /work/new; echo more >> /etc/passwd; rm /etc/lower-file; rm -r /opt; mkdir /opt; touch /opt/x",
        { root: overlay },
      );
      expect(exit).toEqual(success);
      const at = (name: string): string => path.join(overlay.upperdir, name);
      expect(readFileSync(at("work/new"), "utf8")).toBe("new\n");
      expect(readFileSync(at("etc/passwd"), "utf8")).toBe("root:x:0:0::/root:/bin/sh\nmore\n");
      const whiteout = lstatSync(at("etc/lower-file"));
      expect([whiteout.isCharacterDevice(), whiteout.rdev]).toEqual([true, 0]);
      expect(readdirSync(overlay.upperdir).sort()).toEqual(["etc", "opt", "work"]);
      expect(readdirSync(at("opt"))).toEqual(["x"]);
      expect(existsSync(path.join(context.root.lower, "etc/lower-file"))).toBe(true);
    });

    test("renaming a folder of a lower layer copies it instead of leaving a redirect", async () => {
      const overlay = context.root.overlay();
      expect(
        (await shell("mv /opt /opt2 && chmod 700 /etc/lower-file && ls /opt2 | wc -l", { root: overlay }))
          .stdout,
      ).toBe("4\n");
      expect(readdirSync(path.join(overlay.upperdir, "opt2")).length).toBe(4);
      expect(statSync(path.join(overlay.upperdir, "etc/lower-file")).size).toBe(21);
    });

    test("a folder can be the root", async () => {
      const before = readdirSync(context.root.lower);
      const folder = path.join(context.root.folder, "folder-root");
      mkdirSync(folder);
      for (const name of ["bin", "tmp"]) mkdirSync(path.join(folder, name));
      writeFileSync(path.join(folder, "bin/sh"), readFileSync(path.join(context.root.lower, "bin/busybox")), {
        mode: 0o755,
      });
      const { exit } = await shell("echo here > /tmp/x", { root: { kind: "folder", path: folder } });
      expect(exit).toEqual(success);
      expect(readFileSync(path.join(folder, "tmp/x"), "utf8")).toBe("here\n");
      expect(readdirSync(context.root.lower)).toEqual(before);
    });

    test.each(["dev", "proc", "sys"])("a root whose /%s is a link leads nowhere", async (name) => {
      const outside = path.join(context.root.folder, `outside-${name}`);
      mkdirSync(outside);
      const overlay = context.root.overlay();
      symlinkSync(outside, path.join(overlay.upperdir, name));
      mkdirSync(path.join(overlay.upperdir, outside), { recursive: true });
      await expect(shell(`touch /${name}/escaped`, { root: overlay })).rejects.toMatchObject({
        code: "SANDBOX_ROOT_UNUSABLE",
      });
      expect(readdirSync(outside)).toEqual([]);
    });

    test("bind mounts of folders and files are writable or not, as asked, and stay so", async () => {
      const source = path.join(context.root.folder, "bind");
      mkdirSync(path.join(source, "inner"), { recursive: true });
      writeFileSync(path.join(source, "file"), "content\n");
      const mount = (target: string, from: string, readonly: boolean) =>
        ({ kind: "bind", source: from, target, readonly }) as const;
      const { stdout } = await shell(
        "cat /mnt/file /etc/lower-file; echo x > /mnt/new || echo refused; echo x > /etc/lower-file || echo refused; mount -o remount,bind,rw /mnt 2>/dev/null || echo refused; touch /work/rw; ls /work",
        {
          mounts: [
            mount("/mnt", source, true),
            mount("/etc/lower-file", path.join(source, "file"), true),
            mount("/work", path.join(source, "inner"), false),
          ],
        },
      );
      expect(stdout).toBe("content\ncontent\nrefused\nrefused\nrefused\nrw\n");
      expect(readdirSync(path.join(source, "inner"))).toEqual(["rw"]);
    });

    test("tmpfs mounts have the size and mode asked for", async () => {
      const { stdout } = await shell(
        "stat -c %a /mnt /work; dd if=/dev/zero of=/mnt/x bs=1k count=2000 2>/dev/null || echo full",
        {
          mounts: [
            { kind: "tmpfs", target: "/mnt", sizeBytes: 1024 * 1024, mode: 0o700 },
            { kind: "tmpfs", target: "/work" },
          ],
        },
      );
      expect(stdout).toBe("700\n1777\nfull\n");
    });

    test("a target that is missing in an outer mount is made there, as a folder or file", async () => {
      const source = path.join(context.root.folder, "nested");
      mkdirSync(path.join(source, "outer"), { recursive: true });
      mkdirSync(path.join(source, "sealed"));
      symlinkSync("/etc", path.join(source, "outer/link"));
      writeFileSync(path.join(source, "file"), "content\n");
      const bind = (target: string, from: string, readonly = false) =>
        ({ kind: "bind", source: path.join(source, from), target, readonly }) as const;
      const { stdout } = await shell("cat /mnt/a/file; touch /mnt/tmp/x; ls /mnt/tmp /work/deep", {
        mounts: [
          bind("/mnt", "outer"),
          { kind: "tmpfs", target: "/work" },
          bind("/mnt/a/file", "file"),
          { kind: "tmpfs", target: "/mnt/tmp" },
          bind("/work/deep/er", "sealed"),
        ],
      });
      expect(stdout).toBe("content\n/mnt/tmp:\nx\n\n/work/deep:\ner\n");
      expect(readdirSync(path.join(source, "outer")).sort()).toEqual(["a", "link", "tmp"]);
      expect(readdirSync(path.join(source, "outer/tmp"))).toEqual([]);
      await expect(
        shell("true", { mounts: [bind("/mnt", "sealed", true), { kind: "tmpfs", target: "/mnt/no" }] }),
      ).rejects.toMatchObject({ code: "SANDBOX_START_FAILED" });
      expect(readdirSync(path.join(source, "sealed"))).toEqual([]);
    });

    test("overlay mounts show a part of a chain of layers", async () => {
      const at = (name: string): string => path.join(context.root.folder, "chain", name);
      for (const name of ["a/part/x", "b/part", "up", "wk"]) mkdirSync(at(name), { recursive: true });
      writeFileSync(at("a/part/from-a"), "a");
      writeFileSync(at("b/part/from-b"), "b");
      const lowerdirs = [at("b"), at("a")];
      const { stdout } = await shell(
        "ls /mnt /work | sort; touch /mnt/no 2>/dev/null || echo refused; touch /work/yes; echo 1 > /opt/single || echo refused",
        {
          mounts: [
            { kind: "overlay", lowerdirs, subpath: "part", target: "/mnt" },
            {
              kind: "overlay",
              lowerdirs,
              upperdir: at("up"),
              workdir: at("wk"),
              subpath: "",
              target: "/work",
            },
            { kind: "overlay", lowerdirs: [at("a")], subpath: "", target: "/opt" },
          ],
        },
      );
      expect(
        stdout
          .trim()
          .split("\n")
          .filter((line) => line !== ""),
      ).toEqual(["/mnt:", "/work:", "from-a", "from-b", "part", "x", "refused", "refused"]);
      expect(readdirSync(at("up"))).toEqual(["yes"]);
    });

    test("an overlay's subpath and a mount's target can't lead out through a symlink", async () => {
      const at = path.join(context.root.folder, "hostile");
      mkdirSync(path.join(at, "etc"), { recursive: true });
      symlinkSync("/etc", path.join(at, "link"));
      writeFileSync(path.join(at, "etc/inside"), "");
      const { stdout } = await shell("ls /mnt", {
        mounts: [{ kind: "overlay", lowerdirs: [at, context.root.lower], subpath: "link", target: "/mnt" }],
      });
      expect(stdout).toContain("inside");
      expect(stdout).not.toContain("hosts");
    });

    test("layers whose paths do not fit into one page of options are mounted all the same", async () => {
      const layers = Array.from({ length: 40 }, (_, index) =>
        path.join(context.root.folder, "long", `${"x".repeat(120)}-${index}`),
      );
      for (const [index, layer] of layers.entries()) {
        mkdirSync(layer, { recursive: true });
        writeFileSync(path.join(layer, `layer-${index}`), "");
      }
      const overlay = context.root.overlay();
      const outcome = shell("ls / | grep -c layer", {
        root: { ...overlay, lowerdirs: [...layers, context.root.lower] },
      });
      await expect(
        outcome.then(
          ({ stdout }) => stdout,
          (error: { code: string }) => error.code,
        ),
      ).resolves.toMatch(/^(40\n|SANDBOX_TOO_MANY_LAYERS)$/);
    });
  });
}
