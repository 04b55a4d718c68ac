/** How a file is to be laid out. */
export interface Layout {
  /** Spaces in front of continued lines. */
  readonly indentWidth: number;
  /** Columns beyond which the flags of an instruction get a line each. */
  readonly lineWidth: number;
  /** The file's escape character. */
  readonly escape: string;
  /** The file's line end. */
  readonly eol: "\n" | "\r\n";
  /** Whether the commands of RUN and the like are for a POSIX shell, as far as the file says. */
  readonly isPosixShell: boolean;
}

/** Columns that white space at the start of a line takes; a tab goes to the next stop. */
export function columnsOf(indentation: string, indentWidth: number): number {
  let columns = 0;
  for (const character of indentation)
    columns += character === "\t" ? indentWidth - (columns % indentWidth) : 1;
  return columns;
}
