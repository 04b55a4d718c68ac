import { includedFrom } from "../report/source-excerpt.ts";
import type { ProgressEvent, StatusEvent, WarningEvent } from "@slipway/engine-sdk";
import type { Clock, Display } from "./display.ts";
import type { OutputLine } from "./line-splitter.ts";
import { isCancelled, isRunning, type Step, type Trace } from "./trace.ts";
import { visibleText } from "../report/visible-text.ts";
import { statusLine } from "./status-line.ts";
import { formatLineTime, formatSeconds } from "./units.ts";

const FLUSH_INTERVAL_MS = 100;
/** Another step gets its turn when the one shown was silent for this long … */
const SILENCE_MS = 1000;
/** … or was shown for this long, … */
const TURN_MS = 5000;
/** … or when so much output of others waits. */
const MAX_WAITING_CHARS = 256 * 1024;
/** Open statuses are printed again after this long. */
const STATUS_INTERVAL_MS = 5000;
const MAX_NAME_LENGTH = 200;

interface Shown {
  readonly step: Step;
  /** The `#n` of the step; 0 before it is first printed. */
  number: number;
  lines: OutputLine[];
  readonly notes: string[];
  readonly statuses: Map<string, StatusEvent>;
  readonly statusPrintedMs: Map<string, number>;
  /** There is something to print. */
  dirty: boolean;
  dirtySinceMs: number;
  /** How it ended is printed. */
  ended: boolean;
}

/**
 * Line-oriented progress as BuildKit prints it: `#7 [build 2/5] RUN …`, its output, `#7 DONE 1.2s`. One step is shown
 * at a time; when another gets its turn before the first has ended, `#7 ...` says so.
 */
export class PlainDisplay implements Display {
  readonly #trace: Trace;
  readonly #write: (text: string) => void;
  readonly #clock: Clock;
  readonly #shown = new Map<Step, Shown>();
  readonly #dirty = new Set<Shown>();
  /** Steps with transfers that have not ended; few, where steps may be many. */
  readonly #withStatuses = new Set<Shown>();
  readonly #stopTimer: () => void;
  #current: Shown | undefined;
  #currentSinceMs = 0;
  #currentWroteMs = 0;
  #waitingChars = 0;
  #count = 0;
  #hasPrinted = false;
  #closed = false;
  #text = "";

  constructor(options: { trace: Trace; write: (text: string) => void; clock: Clock }) {
    this.#trace = options.trace;
    this.#write = options.write;
    this.#clock = options.clock;
    this.#stopTimer = options.clock.every(FLUSH_INTERVAL_MS, () => this.#flush());
  }

  event(event: ProgressEvent): void {
    const change = this.#trace.apply(event);
    if (this.#closed || change.step === undefined) return;
    const shown = this.#shownOf(change.step);
    shown.lines.push(...change.lines);
    for (const line of change.lines) this.#waitingChars += line.text.length + 1;
    if (change.status) {
      shown.statuses.set(change.status.id, change.status);
      this.#withStatuses.add(shown);
    }
    if (change.warning) {
      shown.notes.push(warningNote(change.warning));
      // Warnings of a step that has ended are shown all the same.
      shown.ended = false;
    }
    if (isRunning(change.step)) shown.ended = false;
    this.#markDirty(shown);
    if (this.#waitingChars > MAX_WAITING_CHARS) this.#flush();
  }

  note(text: string): void {
    if (this.#closed) return;
    this.#flush();
    this.#write(`\n${text}\n`);
  }

  close(): void {
    if (this.#closed) return;
    this.#stopTimer();
    this.#flush();
    // What is still running was cut off: its output must not be lost.
    for (const shown of [...this.#dirty]) if (shown.lines.length > 0) this.#print(shown);
    this.#emit();
    this.#closed = true;
  }

  #shownOf(step: Step): Shown {
    let shown = this.#shown.get(step);
    if (shown === undefined) {
      shown = {
        step,
        number: 0,
        lines: [],
        notes: [],
        statuses: new Map(),
        statusPrintedMs: new Map(),
        dirty: false,
        dirtySinceMs: 0,
        ended: false,
      };
      this.#shown.set(step, shown);
    }
    return shown;
  }

  #markDirty(shown: Shown): void {
    if (!shown.dirty) shown.dirtySinceMs = this.#clock.now();
    shown.dirty = true;
    this.#dirty.add(shown);
  }

  #flush(): void {
    const now = this.#clock.now();
    for (const shown of this.#withStatuses) if (this.#hasDueStatus(shown, now)) this.#markDirty(shown);
    // What has ended is printed first, so that it is out of the way: the current step before all others.
    if (this.#current?.dirty) this.#print(this.#current);
    for (const shown of [...this.#dirty])
      if (shown.step.completedMs !== undefined && !shown.ended) this.#print(shown);
    const waiting = [...this.#dirty]
      .filter((shown) => isRunning(shown.step))
      .sort((a, b) => a.dirtySinceMs - b.dirtySinceMs);
    const next = waiting[0];
    if (next !== undefined && this.#mayTakeTurn(now)) this.#print(next);
    this.#emit();
  }

  #mayTakeTurn(now: number): boolean {
    if (this.#current === undefined) return true;
    return (
      now - this.#currentSinceMs >= TURN_MS ||
      now - this.#currentWroteMs >= SILENCE_MS ||
      this.#waitingChars > MAX_WAITING_CHARS
    );
  }

  #print(shown: Shown): void {
    const { step } = shown;
    if (step.startedMs === undefined && step.completedMs === undefined) return;
    const now = this.#clock.now();
    if (this.#current !== shown) {
      if (this.#current !== undefined) this.#text += `#${this.#current.number} ...\n`;
      if (shown.number === 0) shown.number = ++this.#count;
      this.#text += `${this.#hasPrinted ? "\n" : ""}#${shown.number} ${oneLine(step.name)}\n`;
      this.#hasPrinted = true;
      this.#current = shown;
      this.#currentSinceMs = now;
    }
    this.#currentWroteMs = now;
    const prefix = `#${shown.number} `;
    for (const note of shown.notes.splice(0)) this.#text += `${prefix}${visibleText(note)}\n`;
    this.#printStatuses(shown, prefix, now);
    for (const line of shown.lines) {
      this.#text += `${prefix}${formatLineTime(line.timestampMs - (step.startedMs ?? line.timestampMs))} ${line.text}\n`;
      this.#waitingChars -= line.text.length + 1;
    }
    shown.lines = [];
    if (step.completedMs !== undefined && !shown.ended) {
      this.#text += `${prefix}${visibleText(ending(step))}\n`;
      shown.ended = true;
      this.#current = undefined;
    }
    shown.dirty = false;
    this.#dirty.delete(shown);
  }

  #hasDueStatus(shown: Shown, now: number): boolean {
    return [...shown.statuses.values()].some((status) =>
      isDue(status, shown.statusPrintedMs.get(status.id), now),
    );
  }

  #printStatuses(shown: Shown, prefix: string, now: number): void {
    for (const status of [...shown.statuses.values()]) {
      if (!isDue(status, shown.statusPrintedMs.get(status.id), now)) continue;
      this.#text += `${prefix}${visibleText(statusLine(status, now))}\n`;
      if (status.completedMs === undefined) shown.statusPrintedMs.set(status.id, now);
      else shown.statuses.delete(status.id);
    }
    if (shown.statuses.size === 0) this.#withStatuses.delete(shown);
  }

  #emit(): void {
    if (this.#text !== "") this.#write(this.#text);
    this.#text = "";
  }
}

/** A warning as BuildKit prints it. */
function warningNote({ code, message, line, location }: WarningEvent): string {
  const sites = includedFrom(location);
  const place = sites.length === 0 ? `line ${line}` : [`${location!.file}:${line}`, ...sites].join(", ");
  return `WARN: ${code}: ${message}${line === undefined ? "" : ` (${place})`}`;
}

/** How a step ended, as BuildKit says it. */
function ending(step: Step): string {
  if (isCancelled(step)) return "CANCELED";
  if (step.error !== undefined) return `ERROR: ${step.error}`;
  if (step.cached) return "CACHED";
  return `DONE ${formatSeconds((step.completedMs ?? 0) - (step.startedMs ?? step.completedMs ?? 0))}`;
}

function isDue(status: StatusEvent, printedMs: number | undefined, now: number): boolean {
  return status.completedMs !== undefined || printedMs === undefined || now - printedMs >= STATUS_INTERVAL_MS;
}

/** Names of steps may hold line ends (heredocs) and be as long as a script. */
function oneLine(name: string): string {
  const line = visibleText(name.replace(/\s*\n\s*/g, " "));
  return line.length > MAX_NAME_LENGTH ? `${line.slice(0, MAX_NAME_LENGTH - 3)}...` : line;
}
