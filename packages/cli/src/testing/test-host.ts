import { PassThrough, Readable } from "node:stream";
import type { Engine, EngineOptions } from "@slipway/engine";
import type { Host } from "../host.ts";

export interface TestHost {
  readonly host: Host;
  stdout(): string;
  stderr(): string;
  /** What `createEngine` was given. */
  readonly engineOptions: EngineOptions[];
  readonly exits: number[];
  /** Sends a signal to whoever listens. */
  signal(name: NodeJS.Signals): void;
}

/** A process in memory around an engine of the test's. */
export function testHost(
  engine: Partial<Engine>,
  options: { cwd?: string; env?: Record<string, string>; stdin?: string } = {},
): TestHost {
  const collected = { stdout: "", stderr: "" };
  const stream = (name: "stdout" | "stderr"): PassThrough => {
    const through = new PassThrough();
    through.on("data", (chunk: Buffer) => (collected[name] += chunk.toString()));
    return through;
  };
  const handlers = new Map<string, Set<() => void>>();
  const engineOptions: EngineOptions[] = [];
  const exits: number[] = [];
  const host: Host = {
    stdin: Readable.from(options.stdin === undefined ? [] : [Buffer.from(options.stdin)]),
    stdout: stream("stdout"),
    stderr: stream("stderr"),
    env: { HOME: "/home/someone", ...options.env },
    cwd: options.cwd ?? "/",
    onSignal(name, handler) {
      const set = handlers.get(name) ?? new Set();
      handlers.set(name, set.add(handler));
      return () => set.delete(handler);
    },
    onExit: () => () => undefined,
    exit: (status) => exits.push(status),
    createEngine: (given) => {
      engineOptions.push(given);
      return Promise.resolve({ close: () => Promise.resolve(), ...engine } as Engine);
    },
  };
  return {
    host,
    stdout: () => collected.stdout,
    stderr: () => collected.stderr,
    engineOptions,
    exits,
    signal: (name) => handlers.get(name)?.forEach((handler) => handler()),
  };
}
