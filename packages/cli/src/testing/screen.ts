/** A terminal's screen as far as the display of progress uses one. Rows that scroll out are kept in `history`. */
export class Screen {
  columns: number;
  rows: number;
  readonly history: string[] = [];
  cursorIsVisible = true;
  readonly unknown: string[] = [];
  #cells: string[][];
  #row = 0;
  #column = 0;
  #wrapPending = false;

  constructor(columns: number, rows: number) {
    this.columns = columns;
    this.rows = rows;
    this.#cells = Array.from({ length: rows }, () => blank(columns));
  }

  get cursor(): readonly [row: number, column: number] {
    return [this.#row, this.#column];
  }

  /** The rows without the blanks at their ends. */
  text(): string[] {
    return this.#cells.map((_, index) => this.row(index));
  }

  row(index: number): string {
    return this.#cells[index]!.join("").trimEnd();
  }

  /** All that was ever on it, without the empty rows at the end. */
  everything(): string {
    return [...this.history, ...this.text()].join("\n").trimEnd();
  }

  /** Writes; `observe` is called with each character or escape sequence after it took effect. */
  write(text: string, observe?: (token: string) => void): void {
    for (const [token] of text.matchAll(/\x1b\[[?\d;]*[A-Za-z]|[^]/gu)) {
      this.#apply(token);
      observe?.(token);
    }
  }

  /** Changes the size as terminals do that wrap their lines anew. */
  resize(columns: number, rows: number): void {
    const logical = this.#cells.slice(0, this.#row + 1).map((row) => row.join("").trimEnd());
    const wrapped = logical.flatMap((line) => {
      const pieces: string[] = [];
      for (let at = 0; at === 0 || at < line.length; at += columns) pieces.push(line.slice(at, at + columns));
      return pieces;
    });
    this.history.push(...wrapped.splice(0, Math.max(0, wrapped.length - rows)));
    this.columns = columns;
    this.rows = rows;
    this.#cells = Array.from({ length: rows }, (_, index) => [...(wrapped[index] ?? "").padEnd(columns)]);
    this.#row = Math.max(0, wrapped.length - 1);
    this.#wrapPending = false;
  }

  #apply(token: string): void {
    if (token === "\r") {
      this.#column = 0;
      this.#wrapPending = false;
    } else if (token === "\n") this.#lineFeed();
    else if (token.startsWith("\x1b")) this.#escape(token);
    else if (token < " ") this.unknown.push(token);
    else this.#put(token);
  }

  #put(character: string): void {
    const width = /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uff00-\uff60\u{1f300}-\u{1faff}]/u.test(character)
      ? 2
      : 1;
    if (this.#wrapPending || this.#column + width > this.columns) {
      this.#column = 0;
      this.#lineFeed();
    }
    const row = this.#cells[this.#row]!;
    row[this.#column] = character;
    if (width === 2) row[this.#column + 1] = "";
    this.#column += width;
    this.#wrapPending = this.#column >= this.columns;
    if (this.#wrapPending) this.#column = this.columns - 1;
  }

  #lineFeed(): void {
    this.#wrapPending = false;
    if (this.#row < this.rows - 1) {
      this.#row++;
      return;
    }
    this.history.push(this.#cells.shift()!.join("").trimEnd());
    this.#cells.push(blank(this.columns));
  }

  #escape(sequence: string): void {
    const [, parameters = "", final = ""] = /^\x1b\[([?\d;]*)([A-Za-z])$/.exec(sequence) ?? [];
    const row = this.#cells[this.#row]!;
    if (final === "A") this.#row = Math.max(0, this.#row - Number(parameters || 1));
    // A terminal that has its last column filled erases that one, too.
    else if (final === "K") row.fill(" ", this.#column);
    else if (final === "J") {
      row.fill(" ", this.#column);
      for (let index = this.#row + 1; index < this.rows; index++) this.#cells[index]!.fill(" ");
    } else if (parameters === "?25") this.cursorIsVisible = final === "h";
    else if (parameters !== "?2026" && final !== "m") this.unknown.push(sequence);
  }
}

function blank(columns: number): string[] {
  return Array.from({ length: columns }, () => " ");
}
