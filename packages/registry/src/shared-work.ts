/**
 * Work that several callers want the result of: done once for each key, however many ask at the same time.
 * Results are remembered until they are forgotten or `isFresh` says no; failures are not.
 */
export interface SharedWork<T> {
  get(key: string, signal: AbortSignal, start: () => Promise<T>): Promise<T>;
  forget(key: string): void;
}

export function createSharedWork<T>(isFresh: (result: T) => boolean = () => true): SharedWork<T> {
  const pending = new Map<string, { readonly result: Promise<T>; readonly signal: AbortSignal }>();
  return {
    async get(key, signal, start) {
      for (;;) {
        signal.throwIfAborted();
        let entry = pending.get(key);
        const own = entry === undefined;
        if (!entry) {
          entry = { result: start(), signal };
          pending.set(key, entry);
        }
        const drop = () => {
          if (pending.get(key) === entry) pending.delete(key);
        };
        try {
          const result = await entry.result;
          if (own || isFresh(result)) return result;
          drop();
        } catch (error) {
          drop();
          // Whoever started it gave up; we did not.
          if (own || !entry.signal.aborted) throw error;
        }
      }
    },
    forget: (key) => void pending.delete(key),
  };
}
