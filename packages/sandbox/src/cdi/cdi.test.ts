import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { readDeviceFiles } from "./device-spec.ts";
import { resolveDevices, type DeviceAdditions } from "./resolve-devices.ts";

const folder = mkdtempSync(path.join(os.tmpdir(), "slipway-cdi-"));
afterAll(() => rmSync(folder, { recursive: true }));

function specs(name: string, files: Record<string, unknown>): string {
  const at = path.join(folder, name);
  mkdirSync(at, { recursive: true });
  for (const [file, content] of Object.entries(files))
    writeFileSync(path.join(at, file), typeof content === "string" ? content : JSON.stringify(content));
  return at;
}

const env = (name: string): object => ({ containerEdits: { env: [`${name}=1`] } });
const vendor = specs("vendor", {
  "a.json": {
    cdiVersion: "0.6.0",
    kind: "vendor1.com/device",
    containerEdits: { env: ["ALL=1"] },
    devices: [
      { name: "foo", ...env("FOO") },
      { name: "bar", annotations: { "org.mobyproject.buildkit.device.class": "class1" }, ...env("BAR") },
      {
        name: "open",
        annotations: {
          "org.mobyproject.buildkit.device.class": "class1",
          "org.mobyproject.buildkit.device.autoallow": "true",
        },
        ...env("OPEN"),
      },
    ],
  },
  "b.json": {
    kind: "vendor2.com/node",
    devices: [
      {
        name: "0",
        containerEdits: {
          deviceNodes: [
            { path: "/dev/lent", hostPath: "/dev/null", fileMode: 0o600, uid: 3 },
            { path: "/dev/zero", permissions: "rw" },
          ],
          mounts: [
            { hostPath: "/usr/lib/x", containerPath: "/lib/x", options: ["ro", "bind"] },
            { hostPath: "/var/x", containerPath: "/var/x" },
          ],
          additionalGids: [0, 44],
          hooks: [{ hookName: "createContainer", path: "/bin/true" }],
        },
      },
    ],
  },
  "c.yaml": `
cdiVersion: "0.6.0"
kind: vendor3.com/device
containerEdits:
  env: [ "THREE=1" ]
devices:
  - name: gpu
    containerEdits:
      deviceNodes:
        - path: /dev/null
          fileMode: 0660
`,
});

async function resolve(
  names: readonly string[],
  options: { folders?: string[]; allowed?: boolean; optional?: boolean } = {},
): Promise<DeviceAdditions> {
  return resolveDevices(
    names.map((name) => ({ name, optional: options.optional ?? false })),
    {
      folders: options.folders ?? [vendor],
      isAllowed: () => options.allowed ?? true,
      user: { uid: 1000, gid: 1001 },
    },
  );
}

describe("devices of the Container Device Interface", () => {
  test.each([
    ["vendor1.com/device=bar", ["ALL", "BAR"]],
    ["vendor1.com/device", ["ALL", "FOO"]],
    ["vendor1.com/device=*", ["ALL", "FOO", "BAR", "OPEN"]],
    ["class1", ["ALL", "BAR", "OPEN"]],
  ])("%s", async (name, expected) => {
    expect((await resolve([name])).env).toEqual(expected.map((variable) => `${variable}=1`));
  });

  test("what several requests name comes once", async () => {
    expect((await resolve(["class1", "vendor1.com/device=bar"])).env).toEqual(["ALL=1", "BAR=1", "OPEN=1"]);
  });

  test("nodes, mounts and groups", async () => {
    expect(await resolve(["vendor2.com/node=0"])).toEqual({
      env: [],
      mounts: [
        { kind: "device", source: "/dev/null", target: "/dev/lent", uid: 3, gid: 1001, mode: 0o600 },
        { kind: "device", source: "/dev/zero", target: "/dev/zero", uid: 1000, gid: 1001, mode: 0o666 },
        { kind: "bind", source: "/usr/lib/x", target: "/lib/x", readonly: true },
        { kind: "bind", source: "/var/x", target: "/var/x", readonly: false },
      ],
      additionalGids: [44],
      withHooks: ["vendor2.com/node=0"],
    });
  });

  test("a later folder's description replaces an earlier one's", async () => {
    const later = specs("later", {
      "x.json": { kind: "vendor1.com/device", devices: [{ name: "foo", ...env("LATER") }] },
    });
    const additions = await resolve(["vendor1.com/device=foo"], {
      folders: [vendor, "/no/such/folder", later],
    });
    expect(additions.env).toEqual(["LATER=1"]);
  });

  test("a device must be allowed, by the build or in its description", async () => {
    await expect(resolve(["vendor1.com/device=foo"], { allowed: false })).rejects.toThrow(
      expect.objectContaining({
        code: "DEVICE_NOT_ALLOWED",
        hint: expect.stringContaining("--allow device=vendor1.com/device=foo"),
      }),
    );
    expect((await resolve(["vendor1.com/device=open"], { allowed: false })).env).toEqual(["ALL=1", "OPEN=1"]);
  });

  test("one that does not exist is an error that lists the others, or nothing when it is optional", async () => {
    await expect(resolve(["vendor3.com/device=foo"])).rejects.toThrow(
      expect.objectContaining({
        code: "DEVICE_NOT_FOUND",
        hint: expect.stringMatching(/vendor1.com\/device=foo.*vendor3.com\/device=gpu/),
      }),
    );
    expect((await resolve(["vendor3.com/device=foo"], { optional: true })).env).toEqual([]);
    await expect(resolve(["a.com/b=c"], { folders: [] })).rejects.toThrow(
      expect.objectContaining({ code: "DEVICE_NOT_FOUND" }),
    );
  });

  test.each(["nonsense", "[]", '{"kind":"x"}', '{"kind":"a/b","devices":[{"name":3}]}'])(
    "a file that says %s is named in the error",
    async (content) => {
      const broken = specs(`broken-${content.length}`, { "x.json": content });
      await expect(resolve(["a/b=c"], { folders: [broken] })).rejects.toThrow(
        expect.objectContaining({ code: "DEVICE_SPEC_INVALID", message: expect.stringContaining("x.json") }),
      );
    },
  );

  test("YAML says the same as JSON, octal modes included", async () => {
    expect(await resolve(["vendor3.com/device"])).toMatchObject({
      env: ["THREE=1"],
      mounts: [{ source: "/dev/null", target: "/dev/null", mode: 0o660 }],
    });
  });

  const lots = (line: (i: number) => string): string =>
    Array.from({ length: 40 }, (_, i) => line(i)).join("");
  test.each([
    ["aliases that multiply", `a0: &a0 [1]\n${lots((i) => `a${i + 1}: &a${i + 1} [*a${i}, *a${i}]\n`)}`],
    [
      "merges that multiply",
      `a0: &a0 {b: 1}\n${lots((i) => `a${i + 1}: &a${i + 1} {<<: [*a${i}, *a${i}]}\n`)}`,
    ],
    ["deep nesting", "[".repeat(1 << 19)],
    ["too much", `kind: a/b\n${"# more\n".repeat(200_000)}`],
    ["several documents", "kind: a/b\n---\nkind: a/b\n"],
    ["a key twice", "kind: a/b\nkind: a/c\n"],
    ["no YAML", "kind: [a\n"],
    ["another type", "kind: !!binary aGVsbG8=\n"],
  ])("a YAML file with %s is refused, soon", async (name, content) => {
    const hostile = specs(`hostile-${name}`, { "x.yml": content });
    const start = performance.now();
    await expect(readDeviceFiles([hostile])).rejects.toThrow(
      expect.objectContaining({ code: "DEVICE_SPEC_INVALID", message: expect.stringContaining("x.yml") }),
    );
    expect(performance.now() - start).toBeLessThan(10_000);
  });
});
