import { InputError, type SourceLocation } from "@slipway/oci";
import type { InputIndex } from "./op.ts";
import { escapesRoot } from "./posix-path.ts";
import type { Definition, Vertex } from "./vertex.ts";
import { vertexName } from "./vertex-name.ts";

/** Codes of the errors that `validate` throws. */
export type ValidationCode =
  | "IR_CYCLE"
  | "IR_DANGLING_INPUT"
  | "IR_BAD_OUTPUT"
  | "IR_NO_ROOT_MOUNT"
  | "IR_MOUNT_INVALID"
  | "IR_NO_ARGS"
  | "IR_NO_ACTIONS"
  | "IR_TOO_FEW_INPUTS"
  | "IR_PATH_ESCAPES"
  | "IR_PATH_NOT_ABSOLUTE"
  | "IR_PATH_INVALID"
  | "IR_VALUE_INVALID";

/** What Linux takes: NAME_MAX, PATH_MAX without its NUL, HOST_NAME_MAX. */
const MAX_NAME_BYTES = 255;
export const MAX_PATH_BYTES = 4095;
export const MAX_HOST_NAME_BYTES = 64;

/** Checks of single fields of a vertex. Each throws the error of `fail`. */
export class FieldCheck {
  readonly #vertex: Vertex;
  readonly #definition: Definition;

  constructor(vertex: Vertex, definition: Definition) {
    this.#vertex = vertex;
    this.#definition = definition;
  }

  /** @throws InputError naming vertex and field, with the vertex's location when the definition has it */
  fail(code: ValidationCode, field: string, what: string, hint: string): never {
    const { digest, op } = this.#vertex;
    const location = this.#location();
    throw new InputError(code, `${vertexName(this.#vertex)}: ${op.kind} ${field}: ${what}`, {
      hint,
      ...(location ? { location } : {}),
      data: { vertex: digest, field },
    });
  }

  /** `earlier` is how many results of the same op's actions may be named too. */
  input(field: string, index: InputIndex, earlier = 0): void {
    const count = this.#vertex.inputs.length;
    if (Number.isInteger(index) && index >= -1 && index < count + earlier) return;
    const has = count === 1 ? "1 input" : `${count} inputs`;
    this.fail(
      "IR_DANGLING_INPUT",
      field,
      `${index} is not an input; the step has ${has}${earlier > 0 ? ` and ${earlier} earlier actions` : ""}`,
      "Indexes count from 0; -1 stands for an empty filesystem.",
    );
  }

  /** For an output that is no index. */
  badOutput(field: string, output: number): never {
    this.fail(
      "IR_BAD_OUTPUT",
      `${field}.output`,
      `${output} is not an index`,
      "Outputs count from 0; -1 stands for none.",
    );
  }

  /** For a mode that is none. */
  badMode(field: string, mode: number): never {
    this.fail(
      "IR_VALUE_INVALID",
      `${field}.mode`,
      `${mode} is not a mode`,
      "Give permission bits, or -1 to keep them.",
    );
  }

  /** Outputs are numbered from 0 without gaps. */
  consecutive(field: string, outputs: ReadonlySet<number>): void {
    for (let i = 0; i < outputs.size; i++) {
      if (!outputs.has(i))
        this.fail("IR_BAD_OUTPUT", field, `output ${i} is missing`, "Number outputs from 0 without gaps.");
    }
  }

  /** A path from the root that stays below it. */
  absolutePath(field: string, path: string): void {
    if (!path.startsWith("/")) {
      this.fail(
        "IR_PATH_NOT_ABSOLUTE",
        field,
        `${JSON.stringify(path)} does not begin with /`,
        "Write the path from the root.",
      );
    }
    this.innerPath(field, path);
  }

  /** A path that stays below its root, from wherever it is read. */
  innerPath(field: string, path: string): void {
    this.noNul(field, path);
    this.#fits(field, path);
    if (escapesRoot(path)) {
      this.fail(
        "IR_PATH_ESCAPES",
        field,
        `${JSON.stringify(path)} leads out of its root`,
        "Remove the leading .. parts.",
      );
    }
  }

  /** No Linux takes a longer one; a pattern may be longer than what it stands for. */
  #fits(field: string, path: string): void {
    const isPattern = /[*?[\\]/.test(path);
    if (isPattern) return;
    const sizeBytes = byteLength(path);
    if (sizeBytes > MAX_PATH_BYTES) {
      this.fail(
        "IR_PATH_INVALID",
        field,
        `it has ${sizeBytes} bytes, more than ${MAX_PATH_BYTES}`,
        "Choose a shorter path.",
      );
    }
    if (path.split("/").every((part) => byteLength(part) <= MAX_NAME_BYTES)) return;
    this.fail(
      "IR_PATH_INVALID",
      field,
      `a name in it has more than ${MAX_NAME_BYTES} bytes`,
      "Choose a shorter name.",
    );
  }

  /** Nothing that goes into a system call holds a NUL. */
  noNul(field: string, text: string): void {
    if (text.includes("\0")) {
      this.fail("IR_PATH_INVALID", field, "it holds a NUL character", "Remove the NUL character.");
    }
  }

  #location(): SourceLocation | undefined {
    const [written] = this.#definition.locations.get(this.#vertex.digest) ?? [];
    const source = written && this.#definition.sources[written.source];
    const range = written?.ranges[0];
    if (!source || !range) return undefined;
    const excerpt = new TextDecoder().decode(source.data).split("\n")[range.start.line - 1];
    return {
      file: source.filename,
      line: range.start.line,
      column: range.start.character + 1,
      ...(excerpt === undefined ? {} : { excerpt: excerpt.replace(/\r$/, "") }),
    };
  }

  /** Part of a line of /etc/hosts. */
  hostName(field: string, text: string): void {
    if (!/[\s\0#]/.test(text)) return;
    this.fail(
      "IR_VALUE_INVALID",
      field,
      `${JSON.stringify(text)} holds a blank, a line end or a character that no name has`,
      "Give the name or address alone.",
    );
  }
}

/** Bytes of a text in UTF-8. */
export function byteLength(text: string): number {
  return /^[\x00-\x7f]*$/.test(text) ? text.length : new TextEncoder().encode(text).length;
}
