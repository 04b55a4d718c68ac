import type { ProgressEvent } from "@slipway/engine-sdk";
import { cellWidth } from "./cell-text.ts";
import type { Clock, Display } from "./display.ts";
import { layoutFrame } from "./terminal-layout.ts";
import type { Trace } from "./trace.ts";

const FRAME_INTERVAL_MS = 100;

const HIDE_CURSOR = "\x1b[?25l";
const SHOW_CURSOR = "\x1b[?25h";
/** A terminal that knows these shows a frame at once; others ignore them. */
const BEGIN_FRAME = "\x1b[?2026h";
const END_FRAME = "\x1b[?2026l";
const ERASE_TO_LINE_END = "\x1b[K";
const ERASE_BELOW = "\x1b[J";

const COLORS = /\x1b\[\d*m/g;

/** The terminal that a display draws on. */
export interface Terminal {
  /** Size in cells at this moment; 0 when it is not known. */
  size(): { readonly columns: number; readonly rows: number };
  write(text: string): void;
  readonly color: boolean;
  /** Calls back at the end of the process, however it comes; gives a function that calls that off. */
  onExit(handler: () => void): () => void;
}

/**
 * Progress as a block of lines that is drawn over itself: each frame is one write, goes back to the block's first line
 * and overwrites, so that nothing is ever blank in between.
 */
export class TerminalDisplay implements Display {
  readonly #trace: Trace;
  readonly #terminal: Terminal;
  readonly #clock: Clock;
  readonly #startedMs: number;
  readonly #stopTimer: () => void;
  readonly #forgetExit: () => void;
  #note: string | undefined;
  /** Cells of each line that is on the screen. */
  #drawn: number[] = [];
  #closed = false;

  constructor(options: { trace: Trace; terminal: Terminal; clock: Clock }) {
    this.#trace = options.trace;
    this.#terminal = options.terminal;
    this.#clock = options.clock;
    this.#startedMs = options.clock.now();
    this.#forgetExit = options.terminal.onExit(() => this.close());
    this.#terminal.write(HIDE_CURSOR);
    this.#stopTimer = options.clock.every(FRAME_INTERVAL_MS, () => this.#draw(false));
  }

  event(event: ProgressEvent): void {
    this.#trace.apply(event);
  }

  note(text: string): void {
    this.#note = text;
    if (!this.#closed) this.#draw(false);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#stopTimer();
    this.#forgetExit();
    this.#draw(true);
    this.#terminal.write(SHOW_CURSOR);
  }

  #draw(finished: boolean): void {
    const size = this.#terminal.size();
    const columns = size.columns > 0 ? size.columns : 80;
    const rows = size.rows > 0 ? size.rows : 24;
    const lines = layoutFrame(this.#trace, {
      now: this.#clock.now(),
      startedMs: this.#startedMs,
      columns,
      // The cursor rests on the line below the block.
      maxLines: finished ? Infinity : Math.max(2, rows - 1),
      color: this.#terminal.color,
      finished,
      note: this.#note,
    });
    // Terminals wrap lines anew when they get narrower, so the block may take more rows than it has lines.
    const rowsBack = Math.min(
      this.#drawn.reduce((sum, cells) => sum + Math.max(1, Math.ceil(cells / columns)), 0),
      rows - 1,
    );
    const up = rowsBack > 0 ? `\x1b[${rowsBack}A` : "";
    const body = lines.map((line) => `${line}${ERASE_TO_LINE_END}\r\n`).join("");
    this.#terminal.write(`${BEGIN_FRAME}\r${up}${body}${ERASE_BELOW}${END_FRAME}`);
    this.#drawn = lines.map((line) => cellWidth(line.replace(COLORS, "")));
  }
}
