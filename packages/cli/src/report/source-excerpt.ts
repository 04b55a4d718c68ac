import type { SourceLocation } from "@slipway/oci";

/** Lines shown before and after those that are at fault. */
const MARGIN_LINES = 2;

/**
 * The place of a mistake as BuildKit shows it: `Dockerfile:12`, then the lines around it, those at fault marked with
 * `>>>`, and a caret line when the column is known. Without the file's text, the location's own excerpt has to do.
 * @param text also as its lines, for those who ask often
 */
export function sourceExcerpt(
  location: SourceLocation,
  text: string | readonly string[] | undefined,
): string[] {
  const title = `${location.file}:${location.line}${location.column === undefined ? "" : `:${location.column}`}`;
  const all = typeof text === "string" ? linesOf(text) : (text ?? []);
  const usable =
    all.length >= location.line &&
    (location.excerpt === undefined || all[location.line - 1] === location.excerpt);
  const first = usable ? Math.max(1, location.line - MARGIN_LINES) : location.line;
  const end = Math.max(location.line, location.endLine ?? location.line);
  const last = usable ? Math.min(all.length, end + MARGIN_LINES) : location.line;
  const lineText = (line: number): string | undefined => (usable ? all[line - 1] : location.excerpt);
  if (lineText(location.line) === undefined) return [title];
  const lines = [title, "--------------------"];
  for (let line = first; line <= last; line++) {
    // The file's last line end makes an empty line that nobody wrote.
    if (line === all.length && line > end && lineText(line) === "") continue;
    const marked = line >= location.line && line <= end;
    lines.push(
      `${String(line).padStart(4)} | ${marked ? ">>>" : "   "} ${clipped(lineText(line) ?? "").replace(/\t/g, "    ")}`.trimEnd(),
    );
    if (line === location.line && location.column !== undefined)
      lines.push(caretLine(location, lineText(line) ?? ""));
  }
  lines.push("--------------------");
  return lines;
}

/** The INCLUDE instructions that brought the file of a place in, the nearest first. */
export function includedFrom(location: Pick<SourceLocation, "includedFrom"> | undefined): string[] {
  const lines: string[] = [];
  for (let from = location?.includedFrom; from !== undefined; from = from.includedFrom)
    lines.push(`included from ${from.file}:${from.line}`);
  return lines;
}

/** The lines of a text, as `sourceExcerpt` takes them. */
export function linesOf(text: string): string[] {
  return text.split(/\r?\n/);
}

/** Lines of a file that nobody wrote by hand would fill the screen. */
const MOST_CHARACTERS = 1000;

function clipped(text: string): string {
  return text.length <= MOST_CHARACTERS ? text : `${text.slice(0, MOST_CHARACTERS)} …`;
}

function caretLine(location: SourceLocation, text: string): string {
  const start = Math.min((location.column ?? 1) - 1, MOST_CHARACTERS);
  const onOneLine = location.endLine === undefined || location.endLine === location.line;
  const end = Math.min(onOneLine ? (location.endColumn ?? start + 1) : text.length, MOST_CHARACTERS + 1);
  const indent = text.slice(0, start).replace(/\t/g, "    ").length;
  return `     |     ${" ".repeat(indent)}${"^".repeat(Math.max(1, Math.min(end, text.length) - start))}`;
}

/**
 * A file's text with the lines that places bring along put in: what must not be shown (a token) is masked there, and
 * would show as a neighbour of another place.
 */
export function maskedSource(
  text: string | undefined,
  places: readonly (Pick<SourceLocation, "line" | "excerpt"> | undefined)[],
): string | undefined {
  if (text === undefined) return undefined;
  const lines = linesOf(text);
  for (const place of places)
    if (place?.excerpt !== undefined && lines[place.line - 1] !== undefined)
      lines[place.line - 1] = place.excerpt;
  return lines.join("\n");
}
