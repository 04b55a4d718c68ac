import { StringDecoder } from "node:string_decoder";

/** A line of a process's output, without its line end. */
export interface OutputLine {
  readonly text: string;
  /** When its last part arrived, milliseconds since the epoch. */
  readonly timestampMs: number;
}

/** A line without an end grows no longer than this; the rest is the next line. */
const MAX_LINE_LENGTH = 16 * 1024;

/**
 * Makes lines of the bytes of stdout and stderr, each decoded as UTF-8 by itself. Lines come out in the order in which
 * they end. Memory is bounded.
 */
export class LineSplitter {
  readonly #partial = new Map<
    "stdout" | "stderr",
    { decoder: StringDecoder; text: string; timestampMs: number }
  >();

  push(stream: "stdout" | "stderr", data: Uint8Array, timestampMs: number): OutputLine[] {
    let state = this.#partial.get(stream);
    if (state === undefined) {
      state = { decoder: new StringDecoder("utf8"), text: "", timestampMs };
      this.#partial.set(stream, state);
    }
    const pieces = (
      state.text + state.decoder.write(Buffer.from(data.buffer, data.byteOffset, data.byteLength))
    ).split("\n");
    state.text = pieces.pop() ?? "";
    state.timestampMs = timestampMs;
    const lines = pieces.map((text) => ({
      text: text.endsWith("\r") ? text.slice(0, -1) : text,
      timestampMs,
    }));
    while (state.text.length > MAX_LINE_LENGTH) {
      lines.push({ text: state.text.slice(0, MAX_LINE_LENGTH), timestampMs });
      state.text = state.text.slice(MAX_LINE_LENGTH);
    }
    return lines;
  }

  /** What has no line end yet, stdout first; for displays that show it while it grows. */
  pending(): OutputLine[] {
    return [...this.#partial.values()]
      .filter((state) => state.text !== "")
      .map(({ text, timestampMs }) => ({ text, timestampMs }));
  }

  /** Ends the lines that have no end yet and gives them. */
  flush(): OutputLine[] {
    const lines = this.pending();
    this.#partial.clear();
    return lines;
  }
}
