/** Length in code points, as Go's tabwriter counts. */
function lengthOf(cell: string): number {
  return [...cell].length;
}

/**
 * Aligns cells that end with a tab as Go's `text/tabwriter` does: a column is as wide as its widest cell and `padding`,
 * and goes from line to line as long as each line has a cell there. What follows a line's last tab is in no column.
 * @see https://pkg.go.dev/text/tabwriter
 */
export function alignTabs(text: string, padding: number): string {
  const lines = text.split("\n").map((line) => line.split("\t"));
  const hasCell = (line: number, column: number): boolean => (lines[line]?.length ?? 0) - 1 > column;
  const columns = lines.reduce((most, cells) => Math.max(most, cells.length - 1), 0);
  for (let column = 0; column < columns; column++) {
    for (let first = 0; first < lines.length; first++) {
      let end = first;
      let width = 0;
      for (; hasCell(end, column); end++) width = Math.max(width, lengthOf(lines[end]![column]!));
      for (; first < end; first++) {
        const cells = lines[first]!;
        cells[column] += " ".repeat(width + padding - lengthOf(cells[column]!));
      }
    }
  }
  return lines.map((cells) => cells.join("")).join("\n");
}
