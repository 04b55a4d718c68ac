const UNITS: Readonly<Record<string, number>> = {
  ns: 1,
  us: 1e3,
  µs: 1e3,
  μs: 1e3,
  ms: 1e6,
  s: 1e9,
  m: 60e9,
  h: 3600e9,
};

/**
 * Reads a duration as Go writes it: `1m30s`, `1.5h`, `250ms`, `0`. In nanoseconds; null when it is none.
 * @see Go, time.ParseDuration
 */
export function parseDurationNs(text: string): number | null {
  const match = /^([+-]?)((?:\d+(?:\.\d*)?|\.\d+)(?:ns|us|\u00b5s|\u03bcs|ms|s|m|h))+$/.exec(text);
  if (match === null) return /^[+-]?0$/.test(text) ? 0 : null;
  let total = 0;
  for (const [, amount, unit] of text.matchAll(/(\d+\.?\d*|\.\d+)(ns|us|\u00b5s|\u03bcs|ms|s|m|h)/g))
    total += Number(amount) * UNITS[unit!]!;
  return Math.round(match[1] === "-" ? -total : total);
}

/** Writes a duration as Go prints it: `1m30s`, `1.5s`, `0s`. */
export function formatDurationNs(ns: number): string {
  if (ns === 0) return "0s";
  const sign = ns < 0 ? "-" : "";
  const absolute = Math.abs(ns);
  if (absolute < 1e3) return `${sign}${absolute}ns`;
  if (absolute < 1e6) return `${sign}${absolute / 1e3}µs`;
  if (absolute < 1e9) return `${sign}${absolute / 1e6}ms`;
  const hours = Math.floor(absolute / 3600e9);
  const minutes = Math.floor((absolute % 3600e9) / 60e9);
  const seconds = `${(absolute % 60e9) / 1e9}s`;
  if (hours > 0) return `${sign}${hours}h${minutes}m${seconds}`;
  return minutes > 0 ? `${sign}${minutes}m${seconds}` : `${sign}${seconds}`;
}
