import type { Stub } from "./stub-launcher.ts";

/** Stubs started ahead of need. */
export interface StubPool {
  /** Starts one more, unless enough are waiting. */
  warm(): void;
  /** One that waits, or a new one. */
  take(): Stub;
  /** Ends the waiting ones, and the taken ones that still run. */
  close(): Promise<void>;
}

/** @param launch makes a stub; called at the first need. */
export function stubPool(launch: () => Stub, maxIdle: number): StubPool {
  const idle: Stub[] = [];
  const taken = new Set<Stub>();
  const start = (): Stub => {
    const stub = launch();
    const forget = (): void => {
      taken.delete(stub);
      const index = idle.indexOf(stub);
      if (index >= 0) idle.splice(index, 1);
    };
    stub.ended.then(forget, forget);
    return stub;
  };
  return {
    warm() {
      if (idle.length < maxIdle) idle.push(start());
    },
    take() {
      const stub = idle.shift() ?? start();
      taken.add(stub);
      return stub;
    },
    async close() {
      await Promise.all([...idle.splice(0), ...taken].map((stub) => stub.kill()));
    },
  };
}
