import { describe, expect, test } from "vitest";
import { log, status, vertex } from "../testing/events.ts";
import { FakeClock } from "../testing/fake-clock.ts";
import { PlainDisplay } from "./plain-display.ts";
import { Trace } from "./trace.ts";

const START_MS = 1_000_000;

function open() {
  const clock = new FakeClock(START_MS);
  let text = "";
  const display = new PlainDisplay({ trace: new Trace(), clock, write: (written) => (text += written) });
  return { display, clock, text: () => text };
}

describe("the plain display", () => {
  test("prints a build as BuildKit does", () => {
    const { display, clock, text } = open();
    display.event(vertex("[internal] load build definition from Dockerfile", { startedMs: START_MS }));
    display.event(
      status("[internal] load build definition from Dockerfile", "transferring dockerfile:", {
        current: 120,
        startedMs: START_MS,
        completedMs: START_MS,
      }),
    );
    display.event(
      vertex("[internal] load build definition from Dockerfile", {
        startedMs: START_MS,
        completedMs: START_MS,
      }),
    );
    display.event(vertex("[1/3] FROM busybox", { cached: true, startedMs: START_MS, completedMs: START_MS }));
    display.event(vertex("[2/3] RUN echo hi", { startedMs: START_MS }));
    display.event(log("[2/3] RUN echo hi", "hi\nthe", START_MS + 123));
    clock.advance(200);
    display.event(log("[2/3] RUN echo hi", "re\n", START_MS + 200));
    display.event(vertex("[2/3] RUN echo hi", { startedMs: START_MS, completedMs: START_MS + 1200 }));
    display.event(
      vertex("[3/3] RUN false", {
        startedMs: START_MS,
        completedMs: START_MS + 100,
        error: "process did not complete successfully: exit code: 1",
      }),
    );
    display.close();
    expect(text()).toBe(`#1 [internal] load build definition from Dockerfile
#1 transferring dockerfile: 120B done
#1 DONE 0.0s

#2 [1/3] FROM busybox
#2 CACHED

#3 [2/3] RUN echo hi
#3 0.123 hi
#3 0.200 there
#3 DONE 1.2s

#4 [3/3] RUN false
#4 ERROR: process did not complete successfully: exit code: 1
`);
  });

  test("gives another step its turn when the one shown is silent, and says so", () => {
    const { display, clock, text } = open();
    display.event(vertex("left", { startedMs: START_MS }));
    clock.advance(100);
    display.event(vertex("right", { startedMs: START_MS + 100 }));
    display.event(log("right", "r1\n", START_MS + 200));
    clock.advance(500);
    expect(text()).toBe("#1 left\n");
    clock.advance(700);
    display.event(vertex("left", { startedMs: START_MS, completedMs: START_MS + 1300 }));
    display.event(vertex("right", { startedMs: START_MS + 100, completedMs: START_MS + 1300 }));
    display.close();
    expect(text()).toBe("#1 left\n#1 ...\n\n#2 right\n#2 0.100 r1\n#2 DONE 1.2s\n\n#1 left\n#1 DONE 1.3s\n");
  });

  test("keeps to one step while it writes, but not for longer than its turn", () => {
    const { display, clock, text } = open();
    display.event(vertex("left", { startedMs: START_MS }));
    clock.advance(100);
    display.event(vertex("right", { startedMs: START_MS }));
    for (let tick = 0; tick < 60; tick++) {
      display.event(log("left", "l\n", clock.now()));
      display.event(log("right", "r\n", clock.now()));
      clock.advance(100);
    }
    const lines = text().split("\n");
    const turn = lines.indexOf("#1 ...");
    expect(turn).toBeGreaterThan(40);
    expect(lines.slice(0, turn).filter((line) => line.endsWith(" r"))).toEqual([]);
    expect(lines.slice(turn, turn + 3)).toEqual(["#1 ...", "", "#2 right"]);
  });

  test("loses no line, whatever the steps do", () => {
    const { display, clock, text } = open();
    for (let step = 0; step < 4; step++) display.event(vertex(`s${step}`, { startedMs: START_MS }));
    for (let line = 0; line < 400; line++) {
      display.event(log(`s${line % 4}`, `line-${line}\n`, clock.now()));
      if (line % 7 === 0) clock.advance(90);
    }
    display.event(log("s1", "no line end", clock.now()));
    display.event(vertex("s1", { startedMs: START_MS, completedMs: clock.now() }));
    display.close();
    for (let line = 0; line < 400; line++)
      expect(text().match(new RegExp(` line-${line}\n`, "g"))).toHaveLength(1);
    expect(text()).toContain(" no line end\n");
  });

  test("keeps the escape sequences of the output, and prints a name with line ends on one line", () => {
    const { display, text } = open();
    display.event(vertex("RUN <<EOF\n  a\n  b\nEOF", { startedMs: START_MS }));
    display.event(log("RUN <<EOF\n  a\n  b\nEOF", "\x1b[31mred\x1b[0m\r\n", START_MS));
    display.close();
    expect(text()).toBe("#1 RUN <<EOF a b EOF\n#1 0.000 \x1b[31mred\x1b[0m\n");
  });

  test("obeys no control characters in names, warnings and errors, which build files and images choose", () => {
    const { display, text } = open();
    const name = "RUN \x1b[2Jx";
    display.event(vertex(name, { startedMs: START_MS }));
    display.event(status(name, "\x1b[31m", { current: 1, startedMs: START_MS }));
    display.event({ kind: "warning", vertex: vertex(name).digest, code: "C", message: "\x1b]0;t\x07" });
    display.event(vertex(name, { startedMs: START_MS, completedMs: START_MS, error: "no \x9b31m user" }));
    display.close();
    expect(text()).toBe("#1 RUN ␛[2Jx\n#1 WARN: C: ␛]0;t␇\n#1 ␛[31m 1B\n#1 ERROR: no \ufffd31m user\n");
  });

  test("prints a transfer at once, every five seconds, and at its end", () => {
    const { display, clock, text } = open();
    display.event(vertex("pull", { startedMs: START_MS }));
    for (let tick = 0; tick <= 110; tick++) {
      display.event(
        status("pull", "sha256:aa", {
          current: tick,
          total: 110,
          startedMs: START_MS,
          ...(tick === 110 ? { completedMs: clock.now() } : {}),
        }),
      );
      clock.advance(100);
    }
    display.event(vertex("pull", { startedMs: START_MS, completedMs: clock.now() }));
    display.close();
    expect(text()).toBe(
      "#1 pull\n#1 sha256:aa 0B / 110B 0.1s\n#1 sha256:aa 50B / 110B 5.1s\n#1 sha256:aa 100B / 110B 10.1s\n#1 sha256:aa 110B / 110B 11.0s done\n#1 DONE 11.1s\n",
    );
  });

  test("says CANCELED of a step that was stopped, and shows one that runs again anew", () => {
    const { display, clock, text } = open();
    display.event(vertex("a", { startedMs: START_MS, completedMs: START_MS }));
    clock.advance(100);
    display.event(vertex("a", { startedMs: START_MS + 100 }));
    clock.advance(100);
    display.event(
      vertex("a", { startedMs: START_MS + 100, completedMs: START_MS + 200, error: "context canceled" }),
    );
    display.close();
    expect(text()).toBe("#1 a\n#1 DONE 0.0s\n\n#1 a\n#1 CANCELED\n");
  });
});
