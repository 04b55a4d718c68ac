import { PositionEncodingKind } from "vscode-languageserver";

/** How positions in a line are counted: in UTF-8 bytes, UTF-16 code units or code points. */
export interface PositionEncoding {
  readonly kind: PositionEncodingKind;
  /** Units of the first `length` code units of a line. */
  toUnits(line: string, length: number): number;
  /** Code units that so many units are; within the line, and never half a character. */
  toCodeUnits(line: string, units: number): number;
}

function unitsPerCodePoint(kind: PositionEncodingKind): (codePoint: number) => number {
  if (kind === PositionEncodingKind.UTF32) return () => 1;
  return (codePoint) => (codePoint < 0x80 ? 1 : codePoint < 0x800 ? 2 : codePoint < 0x1_0000 ? 3 : 4);
}

function byCodePoint(kind: PositionEncodingKind): PositionEncoding {
  const sizeOf = unitsPerCodePoint(kind);
  return {
    kind,
    toUnits(line, length) {
      let units = 0;
      for (let at = 0; at < length;) {
        const codePoint = line.codePointAt(at);
        if (codePoint === undefined) break;
        units += sizeOf(codePoint);
        at += codePoint > 0xffff ? 2 : 1;
      }
      return units;
    },
    toCodeUnits(line, units) {
      let left = units;
      let at = 0;
      while (at < line.length) {
        const codePoint = line.codePointAt(at)!;
        left -= sizeOf(codePoint);
        if (left < 0) break;
        at += codePoint > 0xffff ? 2 : 1;
      }
      return at;
    },
  };
}

const UTF16: PositionEncoding = {
  kind: PositionEncodingKind.UTF16,
  toUnits: (_line, length) => length,
  toCodeUnits: (line, units) => Math.min(units, line.length),
};

const SUPPORTED: readonly PositionEncoding[] = [
  UTF16,
  byCodePoint(PositionEncodingKind.UTF8),
  byCodePoint(PositionEncodingKind.UTF32),
];

/**
 * The first encoding of the client's list that we know, which is all of the protocol's; UTF-16, which every client
 * has to support, when the list is missing.
 * @see Language Server Protocol 3.17, `general.positionEncodings`
 */
export function negotiateEncoding(offered: readonly PositionEncodingKind[] | undefined): PositionEncoding {
  for (const kind of Array.isArray(offered) ? offered : []) {
    const found = SUPPORTED.find((encoding) => encoding.kind === kind);
    if (found !== undefined) return found;
  }
  return UTF16;
}
