import type { Readable } from "node:stream";
import { AbstractMessageReader, type DataCallback, type Disposable } from "vscode-languageserver";

const HEADER_END = Buffer.from("\r\n\r\n");
/** A header that is longer does not come from a client. */
const MAX_HEADER_BYTES = 64 * 1024;
const MAX_BODY_BYTES = 512 * 1024 * 1024;

/**
 * Reads the messages of the base protocol. The library's reader stops for good at a header that it cannot read, or waits
 * for more input with the next message at hand; this one tells of the mistake and goes on with what follows.
 * @see Language Server Protocol, "Base Protocol"
 */
export class FramedMessageReader extends AbstractMessageReader {
  readonly #input: Readable;
  #chunks: Buffer[] = [];
  #length = 0;
  /** Bytes of the message that is being read; undefined within a header. */
  #bodyBytes: number | undefined;

  constructor(input: Readable) {
    super();
    this.#input = input;
  }

  listen(callback: DataCallback): Disposable {
    const onData = (chunk: Buffer): void => {
      this.#chunks.push(chunk);
      this.#length += chunk.length;
      // Bodies come in many pieces, which are put together once.
      if (this.#length < (this.#bodyBytes ?? 0)) return;
      this.#read(callback);
    };
    const onError = (error: Error): void => this.fireError(error);
    const onClose = (): void => this.fireClose();
    this.#input.on("data", onData).on("error", onError).on("close", onClose);
    return {
      dispose: () => void this.#input.off("data", onData).off("error", onError).off("close", onClose),
    };
  }

  #read(callback: DataCallback): void {
    let rest: Buffer = this.#chunks.length === 1 ? this.#chunks[0]! : Buffer.concat(this.#chunks);
    for (;;) {
      if (this.#bodyBytes === undefined) {
        const end = rest.indexOf(HEADER_END);
        if (end < 0) {
          if (rest.length > MAX_HEADER_BYTES) {
            this.fireError(new Error("a header is longer than all that there could be"));
            rest = rest.subarray(rest.length - HEADER_END.length);
          }
          break;
        }
        this.#bodyBytes = this.#readHeader(rest.subarray(0, end).toString("latin1"));
        rest = rest.subarray(end + HEADER_END.length);
        continue;
      }
      if (rest.length < this.#bodyBytes) break;
      const body = rest.subarray(0, this.#bodyBytes);
      rest = rest.subarray(this.#bodyBytes);
      this.#bodyBytes = undefined;
      this.#deliver(body, callback);
    }
    this.#chunks = rest.length > 0 ? [rest] : [];
    this.#length = rest.length;
  }

  /** Undefined for a header that says no length, which is then skipped. */
  #readHeader(header: string): number | undefined {
    const found = [...header.matchAll(/Content-Length:[ \t]*(\d{1,10})[ \t]*(?:\r\n|$)/gi)].at(-1);
    const bytes = found === undefined ? Number.NaN : Number(found[1]);
    if (bytes <= MAX_BODY_BYTES) return bytes;
    this.fireError(
      new Error(`a message has no Content-Length that can be: ${JSON.stringify(header.slice(0, 200))}`),
    );
    return undefined;
  }

  #deliver(body: Buffer, callback: DataCallback): void {
    try {
      callback(JSON.parse(body.toString("utf8")));
    } catch (error) {
      this.fireError(error);
    }
  }
}
