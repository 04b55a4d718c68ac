/** Capabilities by their numbers on Linux. @see capabilities(7) */
export const capabilityNames: readonly string[] = [
  ..."chown dac_override dac_read_search fowner fsetid kill setgid setuid setpcap linux_immutable".split(" "),
  ..."net_bind_service net_broadcast net_admin net_raw ipc_lock ipc_owner sys_module sys_rawio sys_chroot".split(
    " ",
  ),
  ..."sys_ptrace sys_pacct sys_admin sys_boot sys_nice sys_resource sys_time sys_tty_config mknod lease".split(
    " ",
  ),
  ..."audit_write audit_control setfcap mac_override mac_admin syslog wake_alarm block_suspend audit_read".split(
    " ",
  ),
  ..."perfmon bpf checkpoint_restore".split(" "),
].map((name) => `CAP_${name.toUpperCase()}`);

/** Names of the capabilities in a set. */
export function namesOfCapabilities(set: bigint): string[] {
  return capabilityNames.filter((_, number) => (set >> BigInt(number)) & 1n);
}
