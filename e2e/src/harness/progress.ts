/** One vertex of a build, as its progress events described it in the end. */
export interface BuildStep {
  readonly digest: string;
  readonly name: string;
  readonly started: boolean;
  readonly cached: boolean;
  readonly error?: string;
}

interface VertexLine {
  readonly digest: string;
  readonly name?: string;
  readonly started?: string;
  readonly cached?: boolean;
  readonly error?: string;
}

/** Reads the lines of `--progress=rawjson`. @returns one step for each vertex, in order of appearance */
export function parseProgress(text: string): BuildStep[] {
  const steps = new Map<string, BuildStep>();
  for (const line of text.split("\n")) {
    if (!line.startsWith("{")) continue;
    const { vertexes = [] } = JSON.parse(line) as { vertexes?: VertexLine[] };
    for (const vertex of vertexes) {
      const before = steps.get(vertex.digest);
      steps.set(vertex.digest, {
        digest: vertex.digest,
        name: vertex.name ?? before?.name ?? "",
        started: vertex.started !== undefined || before?.started === true,
        cached: vertex.cached === true || before?.cached === true,
        error: vertex.error ?? before?.error,
      });
    }
  }
  return [...steps.values()];
}

/** Steps of a Dockerfile's RUN that were executed. */
export function executedRuns(executed: readonly string[]): string[] {
  return executed.filter((name) => /\bRUN\b/.test(name));
}
