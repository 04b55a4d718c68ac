import { readdirSync, readFileSync, statSync } from "node:fs";
import path from "node:path";
import { WorldError } from "@slipway/oci";

/** Where descriptions of devices are, the less important folders first. @see Container Device Interface, SPEC.md */
export const deviceFolders: readonly string[] = ["/etc/cdi", "/etc/buildkit/cdi", "/var/run/cdi"];

/** What a device brings into a container; of what the specification lists, the parts that Slipway applies. */
export interface DeviceEdits {
  readonly env: readonly string[];
  readonly nodes: readonly {
    readonly path: string;
    readonly hostPath: string;
    readonly uid?: number;
    readonly gid?: number;
    readonly mode: number;
  }[];
  readonly mounts: readonly {
    readonly hostPath: string;
    readonly containerPath: string;
    readonly readonly: boolean;
  }[];
  readonly additionalGids: readonly number[];
  /** Programs of the machine that would have to run: Slipway runs none. */
  readonly hooks: number;
}

/** A device that a file describes. */
export interface Device {
  /** `vendor.com/class=name` */
  readonly name: string;
  /** `vendor.com/class` */
  readonly kind: string;
  /** What BuildKit's annotation calls a class, if it has one. */
  readonly group?: string;
  /** The administrator of the machine lets every build have it. */
  readonly allowed: boolean;
  /** Those of all devices of its file, and its own. */
  readonly edits: readonly DeviceEdits[];
}

const GROUP = "org.mobyproject.buildkit.device.class";
const AUTO_ALLOW = "org.mobyproject.buildkit.device.autoallow";

/** Descriptions have kilobytes; more is a mistake or an attack. */
const MOST_BYTES = 1 << 20;

/**
 * Reads all descriptions, in JSON (`.json`) and YAML (`.yaml`, `.yml`).
 * @returns devices in the order of files and of their lines; of devices with one name, the last
 * @throws WorldError `DEVICE_SPEC_INVALID`
 */
export async function readDeviceFiles(
  folders: readonly string[] = deviceFolders,
): Promise<readonly Device[]> {
  const devices = new Map<string, Device>();
  for (const folder of folders) {
    for (const name of namesIn(folder)) {
      const file = path.join(folder, name);
      if (!/\.(json|ya?ml)$/.test(name)) continue;
      for (const device of await devicesOf(file)) {
        devices.delete(device.name);
        devices.set(device.name, device);
      }
    }
  }
  return [...devices.values()];
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch {
    return [];
  }
}

type Fields = Readonly<Record<string, unknown>>;

async function parsed(file: string): Promise<unknown> {
  if (statSync(file).size > MOST_BYTES) throw new Error("it has more than 1 MiB");
  const content = readFileSync(file, "utf8");
  if (file.endsWith(".json")) return JSON.parse(content);
  return (await import("./parse-yaml.ts")).parseYaml(content);
}

async function devicesOf(file: string): Promise<Device[]> {
  try {
    const spec = fields(await parsed(file));
    const kind = text(spec["kind"]);
    if (!/^[\w.-]+\/[\w.-]+$/.test(kind)) throw new Error(`"${kind}" is no kind (vendor.com/class)`);
    const all = editsOf(spec["containerEdits"]);
    return list(spec["devices"]).map((entry) => {
      const device = fields(entry);
      const notes = { ...fields(spec["annotations"]), ...fields(device["annotations"]) };
      const group = notes[GROUP];
      return {
        name: `${kind}=${text(device["name"])}`,
        kind,
        ...(typeof group === "string" ? { group } : {}),
        allowed: notes[AUTO_ALLOW] === true || notes[AUTO_ALLOW] === "true",
        edits: [all, editsOf(device["containerEdits"])],
      };
    });
  } catch (cause) {
    throw new WorldError(
      "DEVICE_SPEC_INVALID",
      `${file} does not describe devices: ${(cause as Error).message}`,
      {
        hint: "Correct or remove the file. Its form is that of the Container Device Interface.",
        cause,
      },
    );
  }
}

function editsOf(value: unknown): DeviceEdits {
  const edits = fields(value);
  return {
    env: list(edits["env"]).map(text),
    nodes: list(edits["deviceNodes"]).map((entry) => {
      const node = fields(entry);
      const at = absolute(node["path"]);
      return {
        path: at,
        hostPath: node["hostPath"] ? absolute(node["hostPath"]) : at,
        ...(node["uid"] === undefined ? {} : { uid: number(node["uid"]) }),
        ...(node["gid"] === undefined ? {} : { gid: number(node["gid"]) }),
        mode: node["fileMode"] === undefined ? 0o666 : number(node["fileMode"]) & 0o777,
      };
    }),
    mounts: list(edits["mounts"]).map((entry) => {
      const mount = fields(entry);
      return {
        hostPath: absolute(mount["hostPath"]),
        containerPath: absolute(mount["containerPath"]),
        readonly: list(mount["options"]).includes("ro"),
      };
    }),
    additionalGids: list(edits["additionalGids"]).map(number).filter(Boolean),
    hooks: list(edits["hooks"]).length,
  };
}

function fields(value: unknown): Fields {
  if (value === undefined || value === null) return {};
  if (typeof value !== "object" || Array.isArray(value)) throw new Error("an object is missing");
  return value as Fields;
}

function list(value: unknown): readonly unknown[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw new Error("a list is missing");
  return value;
}

function text(value: unknown): string {
  if (typeof value !== "string" || value === "") throw new Error("a text is missing");
  return value;
}

function absolute(value: unknown): string {
  const file = text(value);
  if (!path.isAbsolute(file)) throw new Error(`"${file}" is not absolute`);
  return path.normalize(file);
}

function number(value: unknown): number {
  if (!Number.isSafeInteger(value) || (value as number) < 0) throw new Error("a number is missing");
  return value as number;
}
