/** A line of a file. */
export interface PhysicalLine {
  readonly start: number;
  /** Without the line end. */
  readonly text: string;
  readonly next: number;
}

/** Takes lines off a text, one at a time. */
export class LineReader {
  readonly #text: string;
  #at: number;

  constructor(text: string, at: number) {
    this.#text = text;
    this.#at = at;
  }

  get offset(): number {
    return this.#at;
  }

  /** Goes on (or back) to the start of a line. */
  seek(offset: number): void {
    this.#at = offset;
  }

  next(): PhysicalLine | null {
    if (this.#at >= this.#text.length) return null;
    const start = this.#at;
    const newline = this.#text.indexOf("\n", start);
    this.#at = newline < 0 ? this.#text.length : newline + 1;
    let end = newline < 0 ? this.#text.length : newline;
    while (end > start && this.#text.charCodeAt(end - 1) === 13) end--;
    return { start, text: this.#text.slice(start, end), next: this.#at };
  }
}
