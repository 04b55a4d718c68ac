const UNITS = ["B", "kB", "MB", "GB", "TB", "PB"];

/** `0B`, `1.50kB`, `3.20MB`: powers of 1000, as BuildKit prints them. */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 999.995 && unit < UNITS.length - 1) {
    value /= 1000;
    unit++;
  }
  return unit === 0 ? `${bytes}B` : `${value.toFixed(2)}${UNITS[unit]}`;
}

/** `0.0s`, `12.3s`, `75.0s`. */
export function formatSeconds(ms: number): string {
  return `${(Math.max(0, ms) / 1000).toFixed(1)}s`;
}

/** Seconds with four digits, at most five characters: the time in front of a line of output. */
export function formatLineTime(ms: number): string {
  const seconds = Math.max(0, ms) / 1000;
  return seconds < 1000 ? seconds.toFixed(3).slice(0, 5) : seconds.toFixed(0);
}

/** `3 minutes ago`. */
export function formatAgo(ms: number): string {
  const steps: [number, string][] = [
    [86_400_000, "day"],
    [3_600_000, "hour"],
    [60_000, "minute"],
    [1000, "second"],
  ];
  for (const [size, name] of steps) {
    const count = Math.floor(ms / size);
    if (count >= 1) return `${count} ${name}${count === 1 ? "" : "s"} ago`;
  }
  return "just now";
}
