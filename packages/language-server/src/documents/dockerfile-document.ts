import type { Span } from "@slipway/frontend-dockerfile/language";
import type { Location, Position, Range, TextDocumentContentChangeEvent } from "vscode-languageserver";
import { Analysis } from "../analysis/analysis.ts";
import { FragmentFiles, filePath, type FragmentScope } from "../analysis/fragment-files.ts";
import type { LanguageTools } from "../analysis/language-tools.ts";
import { LineIndex } from "./line-index.ts";
import type { PositionEncoding } from "./position-encoding.ts";

/** What documents of one server have in common. */
export interface DocumentSetting {
  readonly encoding: PositionEncoding;
  readonly tools: LanguageTools;
  /** Where fragments are looked for; without it they are not. */
  readonly fragments?: FragmentScope & {
    /** Grows whenever files may have changed. */
    readonly epoch: () => number;
  };
}

/**
 * One version of a document that the client has open. Offsets are UTF-16 code units of `text`, which is what the parser
 * sees: a byte-order mark is not part of it, but of the client's positions.
 */
export class DockerfileDocument {
  readonly uri: string;
  readonly version: number;
  /** Without the byte-order mark. */
  readonly text: string;
  readonly #setting: DocumentSetting;
  /** As the client has sent it. */
  readonly written: string;
  /** Code units that the byte-order mark takes: 1 or 0. */
  readonly #shift: number;
  #lines: LineIndex | undefined;
  #analysis: Analysis | undefined;
  #analysedAt = 0;
  #path: string | undefined | null = null;

  constructor(
    { uri, version, text }: { readonly uri: string; readonly version: number; readonly text: string },
    setting: DocumentSetting,
  ) {
    this.uri = uri;
    this.version = version;
    this.written = text;
    this.#shift = text.startsWith("\uFEFF") ? 1 : 0;
    this.text = text.slice(this.#shift);
    this.#setting = setting;
  }

  /** What the text means; made when it is asked for first, and again when a fragment has changed. */
  get analysis(): Analysis {
    const now = this.#setting.fragments?.epoch() ?? 0;
    const known = this.#analysis;
    if (known !== undefined && (now === this.#analysedAt || known.fragments?.isStale() !== true)) {
      this.#analysedAt = now;
      return known;
    }
    this.#analysedAt = now;
    const { tools, fragments } = this.#setting;
    const scope =
      fragments === undefined || this.path === undefined
        ? {}
        : { fragments: new FragmentFiles(this.path, fragments) };
    return (this.#analysis = new Analysis(this.text, { file: fileNameOf(this.uri), tools, ...scope }));
  }

  /** Where the document's file is; undefined when it is none. */
  get path(): string | undefined {
    if (this.#path === null) this.#path = filePath(this.uri);
    return this.#path;
  }

  get #index(): LineIndex {
    this.#lines ??= new LineIndex(this.written);
    return this.#lines;
  }

  /** The document after the client's changes. Each change counts from the text that the one before it has left. */
  changed(changes: readonly TextDocumentContentChangeEvent[], version: number): DockerfileDocument {
    const current = changes.reduce<DockerfileDocument>(
      (document, change) => document.#with(document.#changedText(change), version),
      this,
    );
    return current.version === version ? current : this.#with(this.written, version);
  }

  #with(text: string, version: number): DockerfileDocument {
    return new DockerfileDocument({ uri: this.uri, version, text }, this.#setting);
  }

  #changedText(change: TextDocumentContentChangeEvent): string {
    if (!("range" in change) || change.range === undefined) return change.text;
    const start = this.#writtenOffset(change.range.start);
    const end = Math.max(start, this.#writtenOffset(change.range.end));
    return this.written.slice(0, start) + change.text + this.written.slice(end);
  }

  #writtenOffset({ line, character }: Position): number {
    const index = this.#index;
    if (!(line >= 0)) return 0;
    if (line >= index.lineCount) return this.written.length;
    const start = index.startOf(Math.floor(line));
    const text = this.written.slice(start, index.endOf(Math.floor(line)));
    return start + this.#setting.encoding.toCodeUnits(text, character >= 0 ? Math.floor(character) : 0);
  }

  /** The offset of a position; what lies outside of the text is moved to its nearest place. */
  offsetAt(position: Position): number {
    return Math.max(0, this.#writtenOffset(position) - this.#shift);
  }

  positionAt(offset: number): Position {
    const index = this.#index;
    const written = Math.min(this.written.length, offset + this.#shift);
    const line = index.lineAt(written);
    const start = index.startOf(line);
    const end = index.endOf(line);
    // Between the two characters of a line end there is no position.
    const text = this.written.slice(start, end);
    return { line, character: this.#setting.encoding.toUnits(text, Math.min(written - start, text.length)) };
  }

  range({ start, end }: Span): Range {
    return { start: this.positionAt(start), end: this.positionAt(Math.max(start, end)) };
  }

  /** A fragment that was included, by the name that locations have; only its places may be asked for. */
  fragment(label: string): DockerfileDocument | undefined {
    const file = this.analysis.fragments?.found.get(label);
    return file && new DockerfileDocument({ uri: file.uri, version: 0, text: file.written }, this.#setting);
  }

  /** Where a range of the analysis is: in this document, or in a fragment. */
  locate(span: Span): Location {
    const { source } = this.analysis.whole;
    const { file, start } = source.files[source.fileIndex(span.start)]!;
    const document = (start === 0 ? undefined : this.fragment(file)) ?? this;
    const range = { start: span.start - start, end: span.end - start };
    return { uri: document.uri, range: document.range(range) };
  }

  span({ start, end }: Range): Span {
    const from = this.offsetAt(start);
    return { start: from, end: Math.max(from, this.offsetAt(end)) };
  }
}

/** The last part of a URI's path, for people. */
function fileNameOf(uri: string): string {
  const name = uri.replace(/[?#].*$/s, "").slice(uri.lastIndexOf("/") + 1);
  try {
    return decodeURIComponent(name) || "Dockerfile";
  } catch {
    return name;
  }
}
