import { InputError, InvariantError, WorldError } from "@slipway/oci";
import { describe, expect, test } from "vitest";
import { Trace } from "../display/trace.ts";
import { log, vertex } from "../testing/events.ts";
import { errorReport } from "./error-report.ts";

const DOCKERFILE = "FROM busybox\n\nRUN echo one\nRUNN echo two\nRUN echo three\n\nRUN echo four\n";

describe("the report of an error", () => {
  test("shows where a mistake in the build file is, as BuildKit does, with a caret", () => {
    const error = new InputError("UNKNOWN_INSTRUCTION", "unknown instruction: RUNN", {
      hint: "Did you mean RUN?",
      location: {
        file: "Dockerfile",
        line: 4,
        column: 1,
        endLine: 4,
        endColumn: 4,
        excerpt: "RUNN echo two",
      },
    });
    expect(errorReport(error, { debug: false, readSource: () => DOCKERFILE })).toBe(`Dockerfile:4:1
--------------------
   2 |
   3 |     RUN echo one
   4 | >>> RUNN echo two
     |     ^^^^
   5 |     RUN echo three
   6 |
--------------------
ERROR: unknown instruction: RUNN
hint: Did you mean RUN?
`);
  });

  test("marks all lines of a range and needs no column", () => {
    const error = new InputError("X", "no", { location: { file: "Dockerfile", line: 3, endLine: 5 } });
    expect(errorReport(error, { debug: false, readSource: () => DOCKERFILE })).toBe(`Dockerfile:3
--------------------
   1 |     FROM busybox
   2 |
   3 | >>> RUN echo one
   4 | >>> RUNN echo two
   5 | >>> RUN echo three
   6 |
   7 |     RUN echo four
--------------------
ERROR: no
`);
  });

  test("shows the excerpt of the location when the file has changed since or can't be read", () => {
    const error = new InputError("X", "no", {
      location: { file: "Dockerfile", line: 2, column: 3, excerpt: "\tbad" },
    });
    const expected =
      "Dockerfile:2:3\n--------------------\n   2 | >>>     bad\n     |          ^\n--------------------\nERROR: no\n";
    expect(errorReport(error, { debug: false, readSource: () => "other\ntext\n" })).toBe(expected);
    expect(errorReport(error, { debug: false })).toBe(expected);
  });

  test("shows the last lines of output of the step that failed, not of those that were cancelled", () => {
    const trace = new Trace();
    trace.apply(vertex("[2/3] RUN make", { startedMs: 1000 }));
    for (let line = 1; line <= 30; line++) trace.apply(log("[2/3] RUN make", `line ${line}\n`, 1000 + line));
    trace.apply(vertex("[2/3] RUN make", { startedMs: 1000, completedMs: 2000, error: "exit code: 2" }));
    trace.apply(vertex("other", { startedMs: 1000 }));
    trace.apply(log("other", "noise\n", 1001));
    trace.apply(vertex("other", { startedMs: 1000, completedMs: 2000, error: "context canceled" }));
    const report = errorReport(
      new InputError("RUN_FAILED", 'process "/bin/sh -c make" did not complete successfully: exit code: 2'),
      { debug: false, trace },
    );
    const lines = report.split("\n");
    expect(lines.slice(0, 3)).toEqual(["------", " > [2/3] RUN make:", "0.011 line 11"]);
    expect(lines.slice(-4)).toEqual([
      "0.030 line 30",
      "------",
      'ERROR: process "/bin/sh -c make" did not complete successfully: exit code: 2',
      "",
    ]);
    expect(report).not.toContain("noise");
  });

  test("shows causes, codes and data under --debug only", () => {
    const cause = new Error("connect ECONNREFUSED 127.0.0.1:5000");
    const error = new WorldError("REGISTRY_UNREACHABLE", "127.0.0.1:5000 does not answer", {
      cause,
      hint: "Start it.",
      data: { host: "127.0.0.1:5000" },
    });
    expect(errorReport(error, { debug: false })).toBe(
      "ERROR: 127.0.0.1:5000 does not answer\nhint: Start it.\n",
    );
    const debug = errorReport(error, { debug: true });
    expect(debug).toContain("[REGISTRY_UNREACHABLE]");
    expect(debug).toContain("caused by: unexpected Error: connect ECONNREFUSED 127.0.0.1:5000");
    expect(debug).toContain('data: {"host":"127.0.0.1:5000"}');
    expect(debug).toContain("    at ");
  });

  test("shows a stack without being asked for broken invariants only", () => {
    expect(errorReport(new InvariantError("two of one"), { debug: false })).toMatch(
      /^ERROR: two of one\nhint: This is a bug[^]*\n {4}at /,
    );
    expect(errorReport(new TypeError("x is not a function"), { debug: false })).toBe(
      "ERROR: unexpected TypeError: x is not a function\nhint: This is probably a bug in Slipway: run it again with --debug and report what it prints.\n",
    );
  });

  test("says what to do about a full disk, wherever the error comes from", () => {
    const full = Object.assign(new Error("ENOSPC: no space left on device, write"), { code: "ENOSPC" });
    expect(errorReport(full, { debug: false })).toMatch(
      /^ERROR: ENOSPC: no space left on device, write\nhint: The disk is full/,
    );
  });

  test("shows each error of several", () => {
    const error = new AggregateError([new InputError("A", "first"), new InputError("B", "second")], "two");
    expect(errorReport(error, { debug: false })).toBe("ERROR: first\nERROR: second\n");
  });
});

test("further mistakes of the same file are listed with their places", () => {
  const location = { file: "Dockerfile", line: 2, column: 1 };
  const error = new InputError("INSTRUCTION_UNKNOWN", "unknown instruction RUNN", {
    hint: "Did you mean RUN?",
    location,
    data: {
      others: [
        {
          code: "X",
          message: "unknown instruction COPPY",
          hint: "Did you mean COPY?",
          location: { ...location, line: 3 },
        },
        { code: "Y", message: "no stage" },
      ],
    },
  });
  const report = errorReport(error, { debug: false });
  expect(report).toContain("Dockerfile:3:1: unknown instruction COPPY (Did you mean COPY?)\nno stage\n");
});
