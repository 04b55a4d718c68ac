import {
  clone3Call,
  cloneCall,
  deniedCalls,
  deniedSocketFamily,
  namespaceFlags,
  socketCall,
} from "./seccomp-rules.ts";

const EPERM = 1;
const ENOSYS = 38;

/**
 * The rules of `seccomp-rules.ts` as OCI runtimes take them.
 * @see OCI runtime-spec, config-linux.md, `seccomp`
 */
export function runtimeSeccomp(arch: string): object {
  const deny = { action: "SCMP_ACT_ERRNO", errnoRet: EPERM };
  const flags = Array.from({ length: 32 }, (_, bit) => 2 ** bit).filter(
    (flag) => (namespaceFlags & flag) !== 0,
  );
  return {
    defaultAction: "SCMP_ACT_ALLOW",
    architectures: arch === "arm64" ? ["SCMP_ARCH_AARCH64"] : ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86"],
    syscalls: [
      { names: deniedCalls.map((call) => call.name), ...deny },
      { names: [clone3Call.name], action: "SCMP_ACT_ERRNO", errnoRet: ENOSYS },
      // One rule for each flag: they are alternatives, and no comparison asks for "any of these bits".
      ...flags.map((flag) => ({
        names: [cloneCall.name],
        ...deny,
        args: [{ index: 0, value: flag, valueTwo: flag, op: "SCMP_CMP_MASKED_EQ" }],
      })),
      {
        names: [socketCall.name],
        ...deny,
        args: [{ index: 0, value: deniedSocketFamily, op: "SCMP_CMP_EQ" }],
      },
    ],
  };
}
