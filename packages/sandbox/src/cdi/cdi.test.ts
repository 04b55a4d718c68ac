import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterAll, describe, expect, test } from "vitest";
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
  "c.yaml": "kind: vendor3.com/device",
});

function resolve(
  names: readonly string[],
  options: { folders?: string[]; allowed?: boolean; optional?: boolean } = {},
): DeviceAdditions {
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
  ])("%s", (name, expected) => {
    expect(resolve([name]).env).toEqual(expected.map((variable) => `${variable}=1`));
  });

  test("what several requests name comes once", () => {
    expect(resolve(["class1", "vendor1.com/device=bar"]).env).toEqual(["ALL=1", "BAR=1", "OPEN=1"]);
  });

  test("nodes, mounts and groups", () => {
    expect(resolve(["vendor2.com/node=0"])).toEqual({
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

  test("a later folder's description replaces an earlier one's", () => {
    const later = specs("later", {
      "x.json": { kind: "vendor1.com/device", devices: [{ name: "foo", ...env("LATER") }] },
    });
    expect(resolve(["vendor1.com/device=foo"], { folders: [vendor, "/no/such/folder", later] }).env).toEqual([
      "LATER=1",
    ]);
  });

  test("a device must be allowed, by the build or in its description", () => {
    expect(() => resolve(["vendor1.com/device=foo"], { allowed: false })).toThrow(
      expect.objectContaining({
        code: "DEVICE_NOT_ALLOWED",
        hint: expect.stringContaining("--allow device=vendor1.com/device=foo"),
      }),
    );
    expect(resolve(["vendor1.com/device=open"], { allowed: false }).env).toEqual(["ALL=1", "OPEN=1"]);
  });

  test("one that does not exist is an error that lists the others, or nothing when it is optional", () => {
    expect(() => resolve(["vendor3.com/device=foo"])).toThrow(
      expect.objectContaining({
        code: "DEVICE_NOT_FOUND",
        hint: expect.stringMatching(/vendor1.com\/device=foo.*c\.yaml/),
      }),
    );
    expect(resolve(["vendor3.com/device=foo"], { optional: true }).env).toEqual([]);
    expect(() => resolve(["a.com/b=c"], { folders: [] })).toThrow(
      expect.objectContaining({ code: "DEVICE_NOT_FOUND" }),
    );
  });

  test.each(["nonsense", "[]", '{"kind":"x"}', '{"kind":"a/b","devices":[{"name":3}]}'])(
    "a file that says %s is named in the error",
    (content) => {
      const broken = specs(`broken-${content.length}`, { "x.json": content });
      expect(() => resolve(["a/b=c"], { folders: [broken] })).toThrow(
        expect.objectContaining({ code: "DEVICE_SPEC_INVALID", message: expect.stringContaining("x.json") }),
      );
    },
  );
});
