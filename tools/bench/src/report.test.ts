import { expect, test } from "vitest";
import type { Peer } from "./peer.ts";
import { median, renderReport } from "./report.ts";
import { WORKLOADS } from "./workloads.ts";

test("the median is the middle, or the mean of the two in the middle", () => {
  expect(median([3, 1, 2])).toBe(2);
  expect(median([4, 1, 2, 3])).toBe(2.5);
  expect(median([])).toBeNaN();
});

test("the report divides Slipway's medians by the others' and names gaps", () => {
  const peer = (name: string, gaps: string[]): Peer => ({
    ...{ name, version: `${name} 1`, gaps, daemonPids: [] },
    commands: () => [],
    stop: () => Promise.resolve(),
  });
  const [cached, edit] = WORKLOADS;
  const times = (...seconds: number[]) => seconds.map((s) => ({ wallMs: s * 1000, peakBytes: 2 ** 20 * s }));
  const results = new Map([
    [peer("Slipway", []), new Map([[cached!, times(1, 2, 3)]])],
    [peer("other", ["It does less."]), new Map([[cached!, times(8, 8)]])],
  ]);
  const report = renderReport(results, [cached!, edit!], {
    ...{ date: "2026-01-01", machine: "a machine", gaps: [] },
    ...{ loadBefore: "0.1", loadAfter: "1.5" },
  });
  expect(report).toContain("| Slipway | 2.00 (1.00–3.00, n=3) | – |");
  expect(report).toContain("| other | 0.25 | – |");
  expect(report).toContain("- It does less.");
  expect(report).not.toContain("Slipway is slower");
});

test("the report says where Slipway is slower", () => {
  const peer = (name: string): Peer => ({
    ...{ name, version: `${name} 1`, gaps: [], daemonPids: [] },
    commands: () => [],
    stop: () => Promise.resolve(),
  });
  const [cached, edit] = WORKLOADS;
  const time = (seconds: number) => [{ wallMs: seconds * 1000, peakBytes: 0 }];
  const results = new Map([
    [peer("Slipway"), new Map([...[[cached!, time(3)] as const], ...[[edit!, time(1)] as const]])],
    [peer("other"), new Map([...[[cached!, time(2)] as const], ...[[edit!, time(2)] as const]])],
  ]);
  const report = renderReport(results, [cached!, edit!], {
    ...{ date: "2026-01-01", machine: "a machine", gaps: [] },
    ...{ loadBefore: "0.1", loadAfter: "1.5" },
  });
  expect(report).toContain("- Slipway is slower than other: cached (1.50 of its time).");
});

test("the report says where Slipway falls short of more than being as fast", () => {
  const peer = (name: string): Peer => ({
    ...{ name, version: `${name} 1`, gaps: [], daemonPids: [] },
    commands: () => [],
    stop: () => Promise.resolve(),
  });
  const push = WORKLOADS.find(({ id }) => id === "push")!;
  const time = (seconds: number) => [{ wallMs: seconds * 1000, peakBytes: 0 }];
  const results = new Map([
    [peer("Slipway"), new Map([[push, time(1)]])],
    [peer("BuildKit (any)"), new Map([[push, time(2)]])],
    [peer("buildah"), new Map([[push, time(2)]])],
  ]);
  const report = renderReport(results, [push], {
    ...{ date: "2026-01-01", machine: "a machine", gaps: [] },
    ...{ loadBefore: "0.1", loadAfter: "1.5" },
  });
  expect(report).toContain("- 1 GiB push: 0.50 of the time of BuildKit (any), where 0.33 is aimed at.");
  expect(report).not.toContain("of the time of buildah");
});
