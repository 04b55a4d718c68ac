import type { CliIo } from "../io.ts";
import { UsageError } from "../usage-error.ts";
import { systemClock, type Clock, type Display } from "./display.ts";
import { Trace } from "./trace.ts";

export const PROGRESS_MODES = ["auto", "tty", "plain", "rawjson", "quiet"] as const;
export type ProgressMode = (typeof PROGRESS_MODES)[number];

/**
 * The mode that `--progress` (or, without it, BUILDKIT_PROGRESS) names.
 * @throws UsageError
 */
export function progressMode(flag: string | undefined, env: CliIo["env"]): ProgressMode {
  const text = flag ?? (env["BUILDKIT_PROGRESS"] || "auto");
  const mode = PROGRESS_MODES.find((known) => known === text);
  if (mode === undefined) {
    throw new UsageError(
      `${flag === undefined ? "BUILDKIT_PROGRESS" : "--progress"} is "${text}"`,
      `Use one of ${PROGRESS_MODES.join(", ")}.`,
    );
  }
  return mode;
}

/** A display and the state that it shows, which the report of a failure reads as well. */
export interface OpenDisplay {
  readonly display: Display;
  readonly trace: Trace;
  /** What `auto` came to. */
  readonly mode: Exclude<ProgressMode, "auto">;
}

/** Opens the display on stderr; `auto` is `tty` on a terminal that can move its cursor, else `plain`. */
export async function openDisplay(
  mode: ProgressMode,
  io: CliIo,
  clock: Clock = systemClock,
): Promise<OpenDisplay> {
  const trace = new Trace();
  const write = (text: string): void => {
    if (io.stderr.writable) io.stderr.write(text);
  };
  const capable = io.stderr.isTTY === true && io.env["TERM"] !== "dumb";
  const chosen = mode === "auto" ? (capable ? "tty" : "plain") : mode;
  switch (chosen) {
    case "tty": {
      if (io.stderr.isTTY !== true) {
        throw new UsageError("--progress=tty needs a terminal on stderr", "Use --progress=plain, or auto.");
      }
      const { TerminalDisplay } = await import("./terminal-display.ts");
      const terminal = {
        size: () => ({ columns: io.stderr.columns ?? 0, rows: io.stderr.rows ?? 0 }),
        write,
        color: !io.env["NO_COLOR"],
        onExit: io.onExit,
      };
      return { display: new TerminalDisplay({ trace, terminal, clock }), trace, mode: chosen };
    }
    case "plain": {
      const { PlainDisplay } = await import("./plain-display.ts");
      return { display: new PlainDisplay({ trace, write, clock }), trace, mode: chosen };
    }
    case "rawjson": {
      const { RawJsonDisplay } = await import("./raw-json-display.ts");
      return { display: new RawJsonDisplay({ trace, write }), trace, mode: chosen };
    }
    case "quiet": {
      const { QuietDisplay } = await import("./quiet-display.ts");
      return { display: new QuietDisplay({ trace }), trace, mode: chosen };
    }
  }
}
