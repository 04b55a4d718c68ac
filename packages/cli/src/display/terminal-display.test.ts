import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { ProgressEvent } from "@slipway/engine-sdk";
import { log, status, vertex } from "../testing/events.ts";
import { FakeClock } from "../testing/fake-clock.ts";
import { Screen } from "../testing/screen.ts";
import { TerminalDisplay } from "./terminal-display.ts";
import { Trace } from "./trace.ts";

const START_MS = 1_000_000;

function open(columns = 60, rows = 20, options: { color?: boolean; observe?: (token: string) => void } = {}) {
  const clock = new FakeClock(START_MS);
  const screen = new Screen(columns, rows);
  const writes: string[] = [];
  let atExit: (() => void) | undefined;
  const display = new TerminalDisplay({
    trace: new Trace(),
    clock,
    terminal: {
      size: () => ({ columns: screen.columns, rows: screen.rows }),
      write: (text) => {
        writes.push(text);
        screen.write(text, options.observe);
      },
      color: options.color ?? false,
      onExit: (handler) => {
        atExit = handler;
        return () => (atExit = undefined);
      },
    },
  });
  return { display, clock, screen, writes, exit: () => atExit?.() };
}

describe("the display on a terminal", () => {
  test("shows running steps with their times and last lines of output", () => {
    const { display, clock, screen } = open();
    display.event(
      vertex("[internal] load build definition", { startedMs: START_MS, completedMs: START_MS + 20 }),
    );
    display.event(
      vertex("[build 1/2] FROM busybox", { cached: true, startedMs: START_MS, completedMs: START_MS }),
    );
    display.event(vertex("[build 2/2] RUN make", { startedMs: START_MS + 100 }));
    display.event(vertex("exporting", {}));
    for (let line = 1; line <= 8; line++)
      display.event(log("[build 2/2] RUN make", `cc file${line}.c\n`, START_MS + 200));
    display.event(log("[build 2/2] RUN make", "linking…", START_MS + 300));
    clock.advance(1200);
    expect(screen.text().slice(0, 11)).toEqual([
      "[+] Building 1.2s (2/4)",
      " => [internal] load build definition                   0.0s",
      " => CACHED [build 1/2] FROM busybox                    0.0s",
      " => [build 2/2] RUN make                               1.1s",
      " => => # cc file4.c",
      " => => # cc file5.c",
      " => => # cc file6.c",
      " => => # cc file7.c",
      " => => # cc file8.c",
      " => => # linking…",
      "",
    ]);
    expect(screen.cursorIsVisible).toBe(false);
  });

  test("ends with all steps and without output, and gives the cursor back", () => {
    const { display, clock, screen } = open();
    display.event(vertex("one", { startedMs: START_MS }));
    display.event(log("one", "a\nb\nc\n", START_MS));
    clock.advance(500);
    expect(screen.text()[2]).toBe(" => => # a");
    display.event(vertex("one", { startedMs: START_MS, completedMs: START_MS + 400 }));
    display.event(
      vertex("two", { startedMs: START_MS + 400, completedMs: START_MS + 500, error: "exit code: 1" }),
    );
    display.event(vertex("three", { startedMs: START_MS + 400 }));
    display.close();
    expect(screen.everything().split("\n")).toEqual([
      "[+] Building 0.5s (2/3) FINISHED",
      " => one                                                0.4s",
      " => ERROR two                                          0.1s",
      " => CANCELED three                                     0.1s",
    ]);
    expect(screen.cursorIsVisible).toBe(true);
    expect(screen.cursor).toEqual([4, 0]);
    expect(clock.timers).toBe(0);
  });

  test("gives the cursor back when the process ends without a close", () => {
    const { display, screen, exit } = open();
    display.event(vertex("one", { startedMs: START_MS }));
    exit();
    expect(screen.cursorIsVisible).toBe(true);
  });

  test("says in its header that the build is being stopped, and was", () => {
    const { display, clock, screen } = open(60, 10);
    clock.advance(1000);
    display.note("stopping; press Ctrl-C again to stop at once");
    expect(screen.text()[0]).toBe("[+] Building 1.0s (0/0) stopping; press Ctrl-C again to sto");
    display.close();
    expect(screen.everything()).toBe("[+] Building 1.0s (0/0) CANCELED");
  });

  test("drops finished steps, then output, when the terminal is too small", () => {
    const { display, clock, screen } = open(60, 8);
    for (let step = 1; step <= 10; step++)
      display.event(vertex(`done ${step}`, { startedMs: START_MS, completedMs: START_MS }));
    for (const name of ["left", "right"]) {
      display.event(vertex(name, { startedMs: START_MS }));
      display.event(log(name, "1\n2\n3\n4\n5\n6\n", START_MS));
    }
    clock.advance(100);
    expect(screen.text()).toEqual([
      "[+] Building 0.1s (10/12)",
      " => left                                               0.1s",
      " => => # 5",
      " => => # 6",
      " => right                                              0.1s",
      " => => # 5",
      " => => # 6",
      "",
    ]);
    display.close();
    // The final state scrolls; nothing is left of the frames before.
    expect(screen.everything().split("\n")).toHaveLength(13);
    expect(screen.everything()).not.toContain("#");
  });

  test("says how many finished steps are hidden", () => {
    const { display, clock, screen } = open(60, 6);
    for (let step = 1; step <= 10; step++)
      display.event(vertex(`done ${step}`, { startedMs: START_MS, completedMs: START_MS }));
    display.event(vertex("last", { startedMs: START_MS }));
    clock.advance(100);
    expect(screen.text().map((line) => line.replace(/ +\d+\.\ds$/, ""))).toEqual([
      "[+] Building 0.1s (10/11)",
      " => … 8 finished steps above",
      " => done 9",
      " => done 10",
      " => last",
      "",
    ]);
  });

  test("cuts wide characters at the edge instead of wrapping", () => {
    const { display, clock, screen } = open(20, 10);
    display.event(vertex("構築構築構築構築構築", { startedMs: START_MS }));
    display.event(log("構築構築構築構築構築", "日本語の出力がここに続く\n", START_MS));
    clock.advance(100);
    expect(screen.text().slice(0, 4)).toEqual([
      "[+] Building 0.1s (",
      " => 構築構築構 0.1s",
      " => => # 日本語の出",
      "",
    ]);
  });

  test("shows nothing of the escape sequences in a step's output", () => {
    const { display, clock, screen } = open();
    display.event(vertex("evil", { startedMs: START_MS }));
    display.event(
      log("evil", "\x1b[2J\x1b[H\x1b]0;title\x07gone\x1b[31m red\x1b[0m\x07\t|\r\n10%\r20%\r30%", START_MS),
    );
    clock.advance(100);
    expect(screen.text().slice(2, 5)).toEqual([" => => # gone red    |", " => => # 30%", ""]);
    expect(screen.unknown).toEqual([]);
  });

  test("shows open transfers and drops those that are done", () => {
    const { display, clock, screen } = open();
    display.event(vertex("pull", { startedMs: START_MS }));
    display.event(status("pull", "sha256:aa", { current: 1_500_000, total: 3_000_000, startedMs: START_MS }));
    display.event(
      status("pull", "sha256:bb", { current: 3, total: 3, startedMs: START_MS, completedMs: START_MS }),
    );
    clock.advance(1000);
    expect(screen.text().slice(2, 4)).toEqual([" => => sha256:aa 1.50MB / 3.00MB 1.0s", ""]);
  });

  test("leaves nothing behind when the terminal gets narrower, wider, lower", () => {
    const { display, clock, screen } = open(60, 20);
    for (const name of ["one", "two", "three"]) display.event(vertex(name, { startedMs: START_MS }));
    clock.advance(100);
    for (const [columns, rows] of [
      [31, 20],
      [80, 20],
      [80, 5],
      [40, 12],
      [60, 20],
    ] as const) {
      screen.resize(columns, rows);
      clock.advance(100);
    }
    display.close();
    expect(screen.everything().match(/one/g)).toHaveLength(1);
    expect(screen.everything().match(/Building/g)).toHaveLength(1);
  });

  test("draws each frame with one write, inside a synchronized update", () => {
    const { display, clock, writes } = open(60, 20, { color: true });
    display.event(vertex("one", { startedMs: START_MS }));
    clock.advance(1000);
    display.close();
    const frames = writes.filter((text) => text.includes("Building"));
    expect(frames).toHaveLength(11);

    for (const frame of frames) expect(frame).toMatch(/^\x1b\[\?2026h[^]*\x1b\[\?2026l$/);
  });

  test("never blanks or changes a cell that is the same in two frames that follow each other", () => {
    const names = fc.constantFrom("a", "bb", "ccc", "dddd");
    const event: fc.Arbitrary<ProgressEvent> = fc.oneof(
      names.map((name) => vertex(name, { startedMs: START_MS })),
      names.map((name) => vertex(name, { startedMs: START_MS, completedMs: START_MS + 50 })),
      names.map((name) => vertex(name, { startedMs: START_MS, completedMs: START_MS + 50, cached: true })),
      fc.tuple(names, fc.string({ maxLength: 50 })).map(([name, text]) => log(name, `${text}\n`, START_MS)),
      names.map((name) => status(name, "blob", { current: 10, total: 20 })),
    );
    fc.assert(
      fc.property(
        fc.array(fc.array(event, { maxLength: 4 }), { maxLength: 8 }),
        fc.integer({ min: 8, max: 70 }),
        (batches, columns) => {
          const seen: [row: number, text: string][] = [];
          let look: (token: string) => void = () => undefined;
          const { display, clock, screen } = open(columns, 40, { observe: (token) => look(token) });
          // All but the erasing of everything below changes the row of the cursor only.
          look = (token) => {
            if (token === "\x1b[J") screen.text().forEach((text, row) => seen.push([row, text]));
            else seen.push([screen.cursor[0], screen.row(screen.cursor[0])]);
          };
          for (const batch of batches) {
            batch.forEach((each) => display.event(each));
            seen.length = 0;
            const before = screen.text();
            clock.advance(100);
            const after = screen.text();
            for (const [row, text] of seen) if (before[row] === after[row]) expect(text).toBe(after[row]);
            expect(after.slice(screen.cursor[0]).join("")).toBe("");
            for (const line of after) expect(line.length).toBeLessThan(columns);
          }
        },
      ),
      { numRuns: 60 },
    );
  });
});
