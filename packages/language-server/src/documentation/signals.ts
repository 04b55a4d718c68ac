import type { ValueDocumentation } from "./instruction-documentation.ts";

/** Signals that programs are commonly asked to stop with. */
export const STOP_SIGNALS: readonly ValueDocumentation[] = [
  { value: "SIGTERM", summary: "The default." },
  { value: "SIGINT", summary: "As from Ctrl-C." },
  { value: "SIGQUIT", summary: "What nginx and PHP-FPM take for a graceful end." },
  { value: "SIGUSR1", summary: "Meaning as the program says." },
  { value: "SIGWINCH", summary: "What Apache takes for a graceful end." },
  { value: "SIGKILL", summary: "At once, without a chance to clean up." },
  { value: "SIGRTMIN+3", summary: "What systemd takes for shutting down." },
];
