import { execFile } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import type { SandboxDriver, SandboxProbe } from "@slipway/engine-sdk";
import { probeSandboxes, readDeviceFiles } from "@slipway/sandbox";
import type { DoctorReport } from "./contracts.ts";
import { chooseDriver, sandboxStateFolder } from "./sandbox-choice.ts";
import { version } from "./version.ts";

type Check = DoctorReport["checks"][number];

/** Free space below this is worth a word. In bytes. */
const LITTLE_SPACE_BYTES = 2 * 1024 ** 3;

/** Looks at what this machine offers: sandbox drivers by trying them, the store's file system, kernel features. */
export async function examine(options: {
  readonly root: string;
  readonly preferred: string | undefined;
  readonly drivers: readonly SandboxDriver[];
  /** Absent for the usual ones. */
  readonly deviceFolders?: readonly string[] | undefined;
  readonly signal: AbortSignal;
}): Promise<DoctorReport> {
  const { root, signal } = options;
  const probes: SandboxProbe[] = [
    ...(await Promise.all(options.drivers.map((driver) => driver.probe(signal)))),
    ...(await probeSandboxes({ stateDir: sandboxStateFolder(root), signal })),
  ];
  const chosen = await choose(options);
  const sandboxes = probes.sort(
    (a, b) => Number(b.driver === chosen.name) - Number(a.driver === chosen.name),
  );
  return {
    version: version(),
    root,
    sandboxes,
    ...(chosen.name === undefined ? {} : { chosenSandbox: chosen.name }),
    why: chosen.why,
    checks: [
      nodeCheck(),
      userCheck(),
      await overlayCheck(root),
      reflinkCheck(root),
      spaceCheck(root),
      cgroupCheck(),
      ...(await deviceCheck(options.deviceFolders)),
    ],
  };
}

async function choose(options: Parameters<typeof examine>[0]): Promise<{ name?: string; why: string }> {
  try {
    const { driver, reason } = await chooseDriver({
      root: options.root,
      preferred: options.preferred,
      given: options.drivers,
      signal: options.signal,
    });
    await driver.close();
    return { name: driver.name, why: reason };
  } catch (error) {
    return { why: error instanceof Error ? error.message : String(error) };
  }
}

function nodeCheck(): Check {
  return { name: "node", ok: true, detail: `${process.version} at ${process.execPath}` };
}

function userCheck(): Check {
  const uid = process.getuid?.() ?? -1;
  if (uid !== 0) return { name: "user", ok: false, detail: `uid ${uid}, and no user namespace could be had` };
  const mapped = mappedIds();
  if (mapped >= ALL_IDS) return { name: "user", ok: true, detail: "root" };
  const limits =
    mapped === 1
      ? "1 id: files of images can belong to root alone (install uidmap and list the user in /etc/subuid for more)"
      : `${mapped} ids`;
  return { name: "user", ok: true, detail: `root of a user namespace with ${limits}` };
}

const ALL_IDS = 2 ** 32 - 1;

/** How many user ids this process's namespace has. */
function mappedIds(): number {
  const lines = fs.readFileSync("/proc/self/uid_map", "latin1").trim().split("\n");
  return lines.reduce((sum, line) => sum + Number(line.trim().split(/\s+/)[2]), 0);
}

/** Mounts a small overlay in a mount namespace of its own, on the store's file system. */
async function overlayCheck(root: string): Promise<Check> {
  const folder = fs.mkdtempSync(path.join(root, "doctor-"));
  try {
    for (const name of ["lower", "upper", "work", "merged"]) fs.mkdirSync(path.join(folder, name));
    const data = `lowerdir=${folder}/lower,upperdir=${folder}/upper,workdir=${folder}/work`;
    await promisify(execFile)("unshare", [
      "--mount",
      "mount",
      "-t",
      "overlay",
      "overlay",
      "-o",
      data,
      path.join(folder, "merged"),
    ]);
    return { name: "overlayfs", ok: true, detail: `works in ${root}` };
  } catch (error) {
    const why =
      error instanceof Error
        ? (error.message.split("\n").filter(Boolean).at(-1) ?? error.message)
        : String(error);
    return { name: "overlayfs", ok: false, detail: `can't be mounted in ${root}: ${why.trim()}` };
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

function reflinkCheck(root: string): Check {
  const folder = fs.mkdtempSync(path.join(root, "doctor-"));
  try {
    fs.writeFileSync(path.join(folder, "a"), "x");
    fs.copyFileSync(path.join(folder, "a"), path.join(folder, "b"), fs.constants.COPYFILE_FICLONE_FORCE);
    return { name: "reflinks", ok: true, detail: "copies in the store share their blocks" };
  } catch {
    return {
      name: "reflinks",
      ok: true,
      detail: "not here: copies in the store take space (btrfs and xfs have reflinks)",
    };
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

function spaceCheck(root: string): Check {
  const { bavail, bsize } = fs.statfsSync(root);
  const freeBytes = bavail * bsize;
  return {
    name: "space",
    ok: freeBytes >= LITTLE_SPACE_BYTES,
    detail: `${(freeBytes / 1024 ** 3).toFixed(1)} GiB free in ${root}`,
  };
}

function cgroupCheck(): Check {
  const unified = fs.existsSync("/sys/fs/cgroup/cgroup.controllers");
  const legacy = fs.existsSync("/sys/fs/cgroup/memory");
  const kind = unified ? "version 2" : legacy ? "version 1" : "none";
  return {
    name: "cgroups",
    ok: true,
    detail: `${kind}; ${os.availableParallelism()} processors, ${(os.totalmem() / 1024 ** 3).toFixed(1)} GiB of memory`,
  };
}

/** Nothing on machines that describe no devices. */
async function deviceCheck(folders: readonly string[] | undefined): Promise<Check[]> {
  try {
    const found = (await readDeviceFiles(folders)).map(({ name }) => name).join(", ");
    return found === "" ? [] : [{ name: "devices", ok: true, detail: found }];
  } catch (error) {
    return [{ name: "devices", ok: false, detail: error instanceof Error ? error.message : String(error) }];
  }
}
