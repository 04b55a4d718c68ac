import type { Stub } from "./stub-launcher.ts";

/** Stubs started ahead of need. */
export interface StubPool {
  /** Starts one more, unless enough are waiting. */
  warm(): void;
  /** One that waits, or a new one; always a new one with `fresh`. */
  take(options?: { fresh: boolean }): {
    readonly stub: Stub;
    /** Whether it was started ahead. */ readonly waited: boolean;
  };
  /** Ends the waiting ones, and the taken ones that still run. */
  close(): Promise<void>;
  /** Whether it was `close` that ended a stub. */
  wasClosed(stub: Stub): boolean;
}

/** @param launch makes a stub; called at the first need. */
export function stubPool(launch: () => Stub, maxIdle: number): StubPool {
  const idle: Stub[] = [];
  /** Running, or not quite gone. */
  const taken = new Set<Stub>();
  const closed = new WeakSet<Stub>();
  const start = (): Stub => {
    const stub = launch();
    const leave = (): void => {
      const index = idle.indexOf(stub);
      if (index >= 0) idle.splice(index, 1);
      taken.add(stub);
      // The process that watches over it goes a moment later.
      void stub.kill().finally(() => taken.delete(stub));
    };
    stub.ended.then(leave, leave);
    return stub;
  };
  return {
    warm() {
      if (idle.length < maxIdle) idle.push(start());
    },
    take({ fresh } = { fresh: false }) {
      const waiting = fresh ? undefined : idle.shift();
      const stub = waiting ?? start();
      taken.add(stub);
      return { stub, waited: waiting !== undefined };
    },
    async close() {
      const stubs = [...idle.splice(0), ...taken];
      for (const stub of stubs) closed.add(stub);
      await Promise.all(stubs.map((stub) => stub.kill()));
    },
    wasClosed: (stub) => closed.has(stub),
  };
}
