// What both drivers share: Docker's defaults for a process that is not privileged.

/** Docker's default capabilities as bits of a capability set. */
export const defaultCapabilities = 0xa80425fbn;

/** Files and folders that look empty in a sandbox. */
export const maskedPaths: readonly string[] = [
  "/proc/asound",
  "/proc/acpi",
  "/proc/kcore",
  "/proc/keys",
  "/proc/latency_stats",
  "/proc/timer_list",
  "/proc/timer_stats",
  "/proc/sched_debug",
  "/proc/scsi",
  "/sys/firmware",
  "/sys/devices/virtual/powercap",
];

export const readonlyPaths: readonly string[] = [
  "/proc/bus",
  "/proc/fs",
  "/proc/irq",
  "/proc/sys",
  "/proc/sysrq-trigger",
];

/** Size of /dev/shm, as Docker's. */
export const shmSizeBytes = 64 * 1024 * 1024;

/** Where a program is looked for when the environment has no PATH. */
export const defaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/**
 * The soft limit of open files. Not what slipway itself has (Node raises its own to the hard limit): programs that
 * close every possible descriptor, as apt and rpm do, would spend their time on that.
 */
export const defaultOpenFiles = 1024;

/** Devices in /dev of every sandbox: the machine's own. */
export const devices = ["null", "zero", "full", "random", "urandom", "tty"] as const;

const characters = 0o020000;
const blocks = 0o060000;

/** What privileged steps have besides, whether the machine has it or not. @see the kernel's list of devices */
export const privilegedDevices: readonly (readonly [
  name: string,
  type: number,
  major: number,
  minor: number,
])[] = [
  ["cuse", characters, 10, 203],
  ["fuse", characters, 10, 229],
  ["kmsg", characters, 1, 11],
  ["kvm", characters, 10, 232],
  ["net/tun", characters, 10, 200],
  ["loop-control", characters, 10, 237],
  ...Array.from({ length: 8 }, (_, minor) => [`loop${minor}`, blocks, 7, minor] as const),
];

/** Resources of `SandboxSpec.ulimits` with their numbers on Linux. */
export const resources: Readonly<Record<string, number>> = {
  cpu: 0,
  fsize: 1,
  data: 2,
  stack: 3,
  core: 4,
  rss: 5,
  nproc: 6,
  nofile: 7,
  memlock: 8,
  as: 9,
  locks: 10,
  sigpending: 11,
  msgqueue: 12,
  nice: 13,
  rtprio: 14,
  rttime: 15,
};
