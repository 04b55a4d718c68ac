import { archiveError } from "./archive-error.ts";

/** One PAX record, `"<length> <key>=<value>\n"`, in bytes; the length counts itself. */
export function paxRecord(key: string, value: string): string {
  const rest = key.length + value.length + 3;
  let digits = 1;
  while (String(rest + digits).length > digits) digits++;
  return `${String(rest + digits)} ${key}=${value}\n`;
}

/**
 * Seconds with nanoseconds as PAX has them: a decimal number without trailing zeros.
 * `-1_500_000_000n` is `-1.5`.
 */
export function paxTime(timeNs: bigint): string {
  const sign = timeNs < 0n ? "-" : "";
  const magnitude = timeNs < 0n ? -timeNs : timeNs;
  const nanoseconds = magnitude % 1_000_000_000n;
  const seconds = sign + String(magnitude / 1_000_000_000n);
  if (nanoseconds === 0n) return seconds;
  return `${seconds}.${String(nanoseconds).padStart(9, "0").replace(/0+$/, "")}`;
}

/** The inverse of `paxTime`; digits beyond nanoseconds are cut off. */
export function parsePaxTime(text: string): bigint {
  const match = /^(-?)(\d{1,15})(?:\.(\d*))?$/.exec(text);
  if (match === null) throw archiveError("ARCHIVE_BAD_HEADER", `"${text.slice(0, 40)}" is not a time`);
  const magnitude = BigInt(match[2]!) * 1_000_000_000n + BigInt((match[3] ?? "").slice(0, 9).padEnd(9, "0"));
  return match[1] === "-" ? -magnitude : magnitude;
}

/** Reads the records of one extended header; keys and values are bytes (latin1). Later records win. */
export function parsePaxRecords(data: Buffer): Map<string, string> {
  const records = new Map<string, string>();
  let at = 0;
  while (at < data.length) {
    const space = data.indexOf(0x20, at);
    const lengthText = space < 0 ? "" : data.toString("latin1", at, space);
    const length = /^\d{1,8}$/.test(lengthText) ? Number(lengthText) : 0;
    const end = at + length;
    const equals = data.indexOf(0x3d, space + 1);
    if (length === 0 || end > data.length || data[end - 1] !== 0x0a || equals < 0 || equals >= end) {
      throw archiveError("ARCHIVE_BAD_HEADER", "an extended header has a malformed record");
    }
    const key = data.toString("latin1", space + 1, equals);
    const value = data.toString("latin1", equals + 1, end - 1);
    // The oldest form of sparse files repeats keys; put together they are the next form's map.
    const isPiece = key === "GNU.sparse.offset" || key === "GNU.sparse.numbytes";
    const map = isPiece ? records.get("GNU.sparse.map") : undefined;
    if (isPiece) records.set("GNU.sparse.map", map === undefined ? value : `${map},${value}`);
    else records.set(key, value);
    at = end;
  }
  return records;
}
