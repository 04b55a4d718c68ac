// What a sandboxed process may not ask of the kernel, in the spirit of Docker's default profile: everything that would
// need a capability outside the default set, or that has been a way out of containers. Denied calls give EPERM, so
// that programs take their fallback, except where they look for ENOSYS.

/** Flags of clone(2) and unshare(2) that make namespaces. */
export const namespaceFlags = 0x7e020000;

/** Denied calls by name, with their numbers on the architectures whose programs a kernel runs natively. */
export interface DeniedCall {
  readonly name: string;
  readonly x86_64?: number;
  readonly i386?: number;
  readonly aarch64?: number;
}

type Row = readonly [
  name: string,
  x86_64: number | undefined,
  i386: number | undefined,
  aarch64: number | undefined,
];

const none = undefined;

const rows: readonly Row[] = [
  ["acct", 163, 51, 89],
  ["add_key", 248, 286, 217],
  ["bpf", 321, 357, 280],
  ["clock_adjtime", 305, 343, 266],
  ["clock_settime", 227, 264, 112],
  ["create_module", 174, 127, none],
  ["delete_module", 176, 129, 106],
  ["fanotify_init", 300, 338, 262],
  ["finit_module", 313, 350, 273],
  ["fsconfig", 431, 431, 431],
  ["fsmount", 432, 432, 432],
  ["fsopen", 430, 430, 430],
  ["fspick", 433, 433, 433],
  ["get_kernel_syms", 177, 130, none],
  ["init_module", 175, 128, 105],
  ["io_uring_enter", 426, 426, 426],
  ["io_uring_register", 427, 427, 427],
  ["io_uring_setup", 425, 425, 425],
  ["ioperm", 173, 101, none],
  ["iopl", 172, 110, none],
  ["kcmp", 312, 349, 272],
  ["kexec_file_load", 320, none, 294],
  ["kexec_load", 246, 283, 104],
  ["keyctl", 250, 288, 219],
  ["lookup_dcookie", 212, 253, 18],
  ["mount", 165, 21, 40],
  ["mount_setattr", 442, 442, 442],
  ["move_mount", 429, 429, 429],
  ["move_pages", 279, 317, 239],
  ["nfsservctl", 180, 169, 42],
  ["open_by_handle_at", 304, 342, 265],
  ["open_tree", 428, 428, 428],
  ["perf_event_open", 298, 336, 241],
  ["pivot_root", 155, 217, 41],
  ["process_madvise", 440, 440, 440],
  ["query_module", 178, 167, none],
  ["quotactl", 179, 131, 60],
  ["quotactl_fd", 443, 443, 443],
  ["reboot", 169, 88, 142],
  ["request_key", 249, 287, 218],
  ["setdomainname", 171, 121, 162],
  ["sethostname", 170, 74, 161],
  ["setns", 308, 346, 268],
  ["settimeofday", 164, 79, 170],
  ["stime", none, 25, none],
  ["swapoff", 168, 115, 225],
  ["swapon", 167, 87, 224],
  ["syslog", 103, 103, 116],
  ["umount", none, 22, none],
  ["umount2", 166, 52, 39],
  ["unshare", 272, 310, 97],
  ["userfaultfd", 323, 374, 282],
  ["uselib", 134, 86, none],
  ["vhangup", 153, 111, 58],
  ["vm86", none, 166, none],
  ["vm86old", none, 113, none],
];

/** Calls that fail with EPERM. */
export const deniedCalls: readonly DeniedCall[] = rows.map(([name, x86_64, i386, aarch64]) => ({
  name,
  x86_64,
  i386,
  aarch64,
}));

/** clone with a namespace flag fails with EPERM; its flags are the first argument on all of these. */
export const cloneCall: DeniedCall = { name: "clone", x86_64: 56, i386: 120, aarch64: 220 };

/** clone3 hides its flags behind a pointer: it fails with ENOSYS, and every libc then takes clone. */
export const clone3Call: DeniedCall = { name: "clone3", x86_64: 435, i386: 435, aarch64: 435 };

/** socket(AF_VSOCK) fails with EPERM: it would reach the hypervisor. */
export const socketCall: DeniedCall = { name: "socket", x86_64: 41, i386: 359, aarch64: 198 };
export const deniedSocketFamily = 40;
