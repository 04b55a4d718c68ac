const NAMES = (
  "ABRT ALRM BUS CHLD CLD CONT FPE HUP ILL INT IO IOT KILL PIPE POLL PROF PWR QUIT SEGV STKFLT STOP SYS TERM TRAP TSTP TTIN TTOU " +
  "URG USR1 USR2 VTALRM WINCH XCPU XFSZ"
).split(" ");

/** Names of signals as STOPSIGNAL takes them. */
export const SIGNAL_NAMES: readonly string[] = NAMES.map((name) => `SIG${name}`);

/** True for a signal's number or name, with or without `SIG`, and for real-time signals such as `RTMIN+3`. */
export function isSignal(text: string): boolean {
  // Numbers are not checked against a list, as with Docker: which signals there are is up to where the image runs.
  if (/^[+-]?\d+$/.test(text)) return Number(text) !== 0;
  const name = text.toUpperCase().replace(/^SIG/, "");
  return NAMES.includes(name) || /^(?:RTMIN(?:\+(?:[1-9]|1[0-5]))?|RTMAX(?:-(?:[1-9]|1[0-4]))?)$/.test(name);
}
