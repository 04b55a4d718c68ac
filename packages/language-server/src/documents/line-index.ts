/**
 * Where the lines of a text begin. Lines end as the Language Server Protocol says: at `\n`, `\r\n` or a lone `\r`.
 * Lines count from 0, offsets are UTF-16 code units.
 */
export class LineIndex {
  readonly text: string;
  readonly #starts: number[] = [0];

  constructor(text: string) {
    this.text = text;
    const starts = this.#starts;
    if (!text.includes("\r")) {
      for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) starts.push(at + 1);
      return;
    }
    for (let at = 0; at < text.length; at++) {
      const code = text.charCodeAt(at);
      if (code === 13 && text.charCodeAt(at + 1) === 10) at++;
      if (code === 10 || code === 13) starts.push(at + 1);
    }
  }

  /** At least 1. */
  get lineCount(): number {
    return this.#starts.length;
  }

  /** The line that an offset is in; offsets beyond the end are in the last one. */
  lineAt(offset: number): number {
    const starts = this.#starts;
    let low = 0;
    let high = starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (starts[middle]! <= offset) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  /** Offset of a line's first character; the end of the text for lines beyond. */
  startOf(line: number): number {
    return this.#starts[line] ?? this.text.length;
  }

  /** Offset just behind a line's last character, its line end left out. */
  endOf(line: number): number {
    const start = this.startOf(line);
    let end = this.#starts[line + 1] ?? this.text.length;
    if (end > start && this.text.charCodeAt(end - 1) === 10) end--;
    if (end > start && this.text.charCodeAt(end - 1) === 13) end--;
    return end;
  }
}
