/** Lets at most `limit` holders in at a time, in the order in which they asked. */
export interface Semaphore {
  /** Waits for a place; the function it gives leaves it again. Rejects with the signal's reason when aborted. */
  acquire(signal: AbortSignal): Promise<() => void>;
}

export function createSemaphore(limit: number): Semaphore {
  let free = limit;
  const waiting: { readonly enter: () => void }[] = [];

  function leave(): void {
    const next = waiting.shift();
    if (next) next.enter();
    else free++;
  }

  function place(): () => void {
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      leave();
    };
  }

  return {
    acquire(signal) {
      if (signal.aborted) return Promise.reject(signal.reason as Error);
      if (free > 0) {
        free--;
        return Promise.resolve(place());
      }
      return new Promise((resolve, reject) => {
        const entry = {
          enter() {
            signal.removeEventListener("abort", abort);
            resolve(place());
          },
        };
        const abort = () => {
          waiting.splice(waiting.indexOf(entry), 1);
          reject(signal.reason as Error);
        };
        signal.addEventListener("abort", abort, { once: true });
        waiting.push(entry);
      });
    },
  };
}
