/**
 * Runs what is asked for under one key once while it is in flight; later callers share the promise. A caller whose
 * leader was aborted does the work itself.
 */
export class OnceMap<Key, Value> {
  readonly #running = new Map<Key, { readonly promise: Promise<Value>; readonly signal: AbortSignal }>();

  async run(key: Key, signal: AbortSignal, work: () => Promise<Value>): Promise<Value> {
    for (;;) {
      signal.throwIfAborted();
      const leader = this.#running.get(key);
      if (leader === undefined) break;
      try {
        return await leader.promise;
      } catch (error) {
        if (!leader.signal.aborted) throw error;
      }
    }
    const promise = work().finally(() => this.#running.delete(key));
    this.#running.set(key, { promise, signal });
    return promise;
  }
}
