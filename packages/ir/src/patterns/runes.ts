/**
 * The code points of a string, as Go's runes of a path. Paths often come as byte strings (one character for each
 * byte, since file names need not be UTF-8): a valid UTF-8 sequence in such a string counts as one, any other byte
 * as itself. A plain string gives its code points.
 */
export function runes(text: string): number[] {
  const points: number[] = [];
  for (let i = 0; i < text.length;) {
    const unit = text.charCodeAt(i);
    if (unit < 0x80) {
      points.push(unit);
      i++;
      continue;
    }
    const sequence = utf8At(text, i);
    if (sequence) {
      points.push(sequence.point);
      i += sequence.length;
      continue;
    }
    const point = text.codePointAt(i) as number;
    points.push(point);
    i += point > 0xffff ? 2 : 1;
  }
  return points;
}

function utf8At(text: string, at: number): { point: number; length: number } | null {
  const lead = text.charCodeAt(at);
  const length =
    lead >= 0xc2 && lead < 0xe0 ? 2 : lead >= 0xe0 && lead < 0xf0 ? 3 : lead >= 0xf0 && lead < 0xf5 ? 4 : 0;
  if (length === 0) return null;
  let point = lead & (0x7f >> length);
  for (let i = 1; i < length; i++) {
    const unit = text.charCodeAt(at + i);
    // NaN at the end of the text fails this too.
    if (!(unit >= 0x80 && unit < 0xc0)) return null;
    point = (point << 6) | (unit & 0x3f);
  }
  const isOverlong = (length === 3 && point < 0x800) || (length === 4 && point < 0x10000);
  const isSurrogate = point >= 0xd800 && point < 0xe000;
  return isOverlong || isSurrogate || point > 0x10ffff ? null : { point, length };
}
