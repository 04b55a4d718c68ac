const INTERVAL_MS = 3000;

/**
 * Calls back once when a process has gone: an editor that crashed takes nobody along by itself.
 * @returns stops watching
 */
export function watchProcess(processId: number, gone: () => void): () => void {
  const timer = setInterval(() => {
    if (isAlive(processId)) return;
    clearInterval(timer);
    gone();
  }, INTERVAL_MS);
  timer.unref();
  return () => clearInterval(timer);
}

function isAlive(processId: number): boolean {
  try {
    process.kill(processId, 0);
    return true;
  } catch (error) {
    // A process of somebody else is alive.
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
