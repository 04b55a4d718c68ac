import { cellWidth, cutToCells, printableLine } from "./cell-text.ts";
import { statusLine } from "./status-line.ts";
import { isCancelled, isRunning, type Step, type Trace } from "./trace.ts";
import { formatSeconds } from "./units.ts";

/** Lines of output that are shown below a running step, when there is room. */
const MAX_LOG_LINES = 6;
const MAX_STATUS_LINES = 8;

const CYAN = "36";
const RED = "31";
const YELLOW = "33";
const DIM = "2";

export interface LayoutOptions {
  readonly now: number;
  readonly startedMs: number;
  /** Cells in a row of the terminal; lines stay one cell shorter, so that nothing ever wraps. */
  readonly columns: number;
  /** Most lines; Infinity for the final state, which may scroll. */
  readonly maxLines: number;
  readonly color: boolean;
  /** The build has ended. */
  readonly finished: boolean;
  /** Said in the header, for example that the build is being stopped. */
  readonly note?: string;
}

interface Block {
  readonly step: Step;
  readonly running: boolean;
  statuses: string[];
  logs: string[];
}

/**
 * One frame as lines without line ends. What does not fit is left out in this order: finished steps from the oldest
 * on, lines of output, transfers, then running steps from the oldest on.
 */
export function layoutFrame(trace: Trace, options: LayoutOptions): string[] {
  const steps = [...trace.steps.values()];
  const done = steps.filter((step) => step.completedMs !== undefined).length;
  const blocks = steps
    .filter((step) => step.startedMs !== undefined || step.completedMs !== undefined)
    .map((step) => block(step, options));
  const room = Math.max(1, options.maxLines - 1);
  const hiddenDone = dropUntilFits(blocks, room);
  const lines = [header(done, steps.length, options)];
  if (hiddenDone > 0 && lines.length + height(blocks) < options.maxLines) {
    lines.push(
      paint(
        cutToCells(
          ` => … ${hiddenDone} finished step${hiddenDone === 1 ? "" : "s"} above`,
          options.columns - 1,
        ),
        DIM,
        options,
      ),
    );
  }
  for (const each of blocks) {
    lines.push(stepLine(each.step, options));
    for (const status of each.statuses) lines.push(cutToCells(` => => ${status}`, options.columns - 1));
    for (const log of each.logs)
      lines.push(paint(cutToCells(` => => # ${log}`, options.columns - 1), DIM, options));
  }
  return lines.slice(0, options.maxLines);
}

function block(step: Step, options: LayoutOptions): Block {
  const running = isRunning(step) && !options.finished;
  const open = [...step.statuses.values()]
    .filter((status) => status.completedMs === undefined)
    .slice(-MAX_STATUS_LINES);
  const output = [...step.tail, ...step.splitter.pending()].slice(-MAX_LOG_LINES);
  return {
    step,
    running,
    statuses: running ? open.map((status) => printableLine(statusLine(status, options.now))) : [],
    logs: running ? output.map((line) => printableLine(line.text)) : [],
  };
}

/** Takes out of the blocks what does not fit; gives how many finished steps are gone. */
function dropUntilFits(blocks: Block[], room: number): number {
  let hiddenDone = 0;
  // One line more than the excess: the line that tells how many are hidden.
  while (height(blocks) + (hiddenDone > 0 ? 1 : 0) > room) {
    const oldest = blocks.findIndex((each) => !each.running);
    if (oldest < 0) break;
    blocks.splice(oldest, 1);
    hiddenDone++;
  }
  for (let limit = MAX_LOG_LINES - 1; limit >= 0 && height(blocks) > room; limit--) {
    for (const each of blocks) each.logs = limit === 0 ? [] : each.logs.slice(-limit);
  }
  for (let limit = MAX_STATUS_LINES - 1; limit >= 0 && height(blocks) > room; limit--) {
    for (const each of blocks) each.statuses = limit === 0 ? [] : each.statuses.slice(-limit);
  }
  if (height(blocks) > room) blocks.splice(0, height(blocks) - room);
  return hiddenDone;
}

function height(blocks: readonly Block[]): number {
  return blocks.reduce((sum, each) => sum + 1 + each.statuses.length + each.logs.length, 0);
}

function header(done: number, total: number, options: LayoutOptions): string {
  const state = options.finished
    ? options.note
      ? " CANCELED"
      : " FINISHED"
    : options.note
      ? ` ${options.note}`
      : "";
  const text = `[+] Building ${formatSeconds(options.now - options.startedMs)} (${done}/${total})${state}`;
  return paint(cutToCells(text, options.columns - 1), options.finished ? CYAN : undefined, options);
}

function stepLine(step: Step, options: LayoutOptions): string {
  const end = step.completedMs ?? options.now;
  const time = step.startedMs === undefined ? "0.0s" : formatSeconds(end - step.startedMs);
  const [mark, color] = appearance(step, options);
  const room = options.columns - 1;
  const left = cutToCells(
    ` => ${mark}${printableLine(step.name.replace(/\s*\n\s*/g, " "))}`,
    Math.max(0, room - time.length - 1),
  );
  const gap = " ".repeat(Math.max(1, room - cellWidth(left) - time.length));
  return paint(cutToCells(`${left}${gap}${time}`, room), color, options);
}

function appearance(step: Step, options: LayoutOptions): [mark: string, color: string | undefined] {
  if (isCancelled(step)) return ["CANCELED ", YELLOW];
  if (step.error !== undefined) return ["ERROR ", RED];
  if (step.completedMs === undefined) return options.finished ? ["CANCELED ", YELLOW] : ["", undefined];
  return [step.cached ? "CACHED " : "", CYAN];
}

function paint(text: string, color: string | undefined, options: LayoutOptions): string {
  return options.color && color !== undefined ? `\x1b[${color}m${text}\x1b[0m` : text;
}
