import type { Problem } from "../problems.ts";
import type { HeredocOpening } from "./heredoc.ts";
import type { LineReader, PhysicalLine } from "./line-reader.ts";
import type { SourceText, Span } from "./source-text.ts";
import { trimSpace } from "./white-space.ts";

/** How many here-documents without an end are looked at closely; each costs a walk over the rest of the file. */
const MAX_RECOVERIES = 20;
const INSTRUCTION_LINE =
  /^(?:ADD|ARG|CMD|COPY|ENTRYPOINT|ENV|EXPOSE|FROM|HEALTHCHECK|LABEL|ONBUILD|RUN|SHELL|STOPSIGNAL|USER|VOLUME|WORKDIR)[\t ]/;

function withoutTabs(text: string): string {
  let at = 0;
  while (text[at] === "\t") at++;
  return at === 0 ? text : text.slice(at);
}

/** Where the body of a here-document and the line that ends it are. */
export interface HeredocBody {
  readonly body: Span;
  /** Empty when nothing ends it. */
  readonly end: Span;
}

/** Reads the bodies of here-documents off the lines behind an instruction. */
export class HeredocBodies {
  readonly #source: SourceText;
  readonly #reader: LineReader;
  readonly #problems: Problem[];
  #recoveries = 0;

  constructor(source: SourceText, reader: LineReader, problems: Problem[]) {
    this.#source = source;
    this.#reader = reader;
    this.#problems = problems;
  }

  /**
   * Reads one body and reports when it has no end. Then what is likely its end ends it, so that mistakes behind it are
   * found, too: a line that is its name but for white space, else the line before the next instruction.
   */
  read(opening: HeredocOpening, place: Span): HeredocBody {
    const { name, stripTabs } = opening;
    const start = this.#reader.offset;
    let similar: PhysicalLine | undefined;
    let instruction: PhysicalLine | undefined;
    for (let line = this.#reader.next(); line !== null; line = this.#reader.next()) {
      if ((stripTabs ? withoutTabs(line.text) : line.text) === name) {
        return {
          body: { start, end: line.start },
          end: { start: line.start, end: line.start + line.text.length },
        };
      }
      if (similar === undefined && trimSpace(line.text) === name) similar = line;
      if (instruction === undefined && INSTRUCTION_LINE.test(line.text)) instruction = line;
    }
    this.#report(opening, place, similar);
    if (++this.#recoveries <= MAX_RECOVERIES) {
      if (similar !== undefined) this.#reader.seek(similar.next);
      else if (instruction !== undefined) this.#reader.seek(instruction.start);
    }
    const end = this.#reader.offset;
    return { body: { start, end }, end: { start: end, end } };
  }

  #report(opening: HeredocOpening, place: Span, similar: PhysicalLine | undefined): void {
    const line = similar === undefined ? 0 : this.#source.position(similar.start).line;
    this.#problems.push({
      code: "HEREDOC_UNTERMINATED",
      message: `the here-document ${opening.written} has no end`,
      hint:
        similar === undefined
          ? `Write a line that holds nothing but ${opening.name} behind its last line.`
          : `Line ${line} holds ${opening.name}, but with white space around it: take that away.`,
      location: this.#source.locate(place),
    });
  }
}
