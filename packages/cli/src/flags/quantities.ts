import { UsageError } from "../usage-error.ts";

const SECOND_MS = 1000;
const DURATION_UNITS_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: SECOND_MS,
  m: 60 * SECOND_MS,
  h: 3600 * SECOND_MS,
  d: 24 * 3600 * SECOND_MS,
  w: 7 * 24 * 3600 * SECOND_MS,
};

/**
 * Milliseconds of `90s`, `24h`, `1h30m`, `7d`, `2w`.
 * @throws UsageError
 */
export function parseDurationMs(text: string, flag: string): number {
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d|w)/gy)];
  if (parts.length === 0 || parts.map((part) => part[0]).join("") !== text) {
    throw new UsageError(`${flag}: "${text}" is not a duration`, "Write it as 90s, 30m, 24h, 1h30m or 7d.");
  }
  return parts.reduce(
    (sum, [, count, unit]) => sum + Number(count) * (DURATION_UNITS_MS[unit ?? ""] ?? 0),
    0,
  );
}

const SIZE_POWERS = "bkmgtp";

/**
 * Bytes of `512`, `100kb`, `10GB`, `1.5GiB`; every unit is a power of 1024, as with docker's `--keep-storage`.
 * @throws UsageError
 */
export function parseSizeBytes(text: string, flag: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*(?:([kmgtp])i?)?b?$/i.exec(text.trim());
  if (!match) throw new UsageError(`${flag}: "${text}" is not a size`, "Write it as 512MB or 10GB.");
  return Math.floor(Number(match[1]) * 1024 ** SIZE_POWERS.indexOf((match[2] ?? "b").toLowerCase()));
}

/**
 * A whole number from `minimum` on.
 * @throws UsageError
 */
export function parseCount(text: string, flag: string, minimum: number): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(value) || value < minimum) {
    throw new UsageError(`${flag}: "${text}" is not a whole number from ${minimum} on`);
  }
  return value;
}
