/** Where in a person's input an error is. Lines and columns count from 1; columns count UTF-16 code units. */
export interface SourceLocation {
  readonly file: string;
  readonly line: number;
  readonly column?: number;
  /** Last line and column of the range, inclusive; absent when the error is at one point. */
  readonly endLine?: number;
  readonly endColumn?: number;
  /** The text of `line`, without its line end. */
  readonly excerpt?: string;
  /** The place that brought `file` in, when it is a fragment that another file includes. */
  readonly includedFrom?: SourceLocation;
}

export interface SlipwayErrorOptions {
  /** What to do about it, as a sentence. */
  readonly hint?: string;
  readonly cause?: unknown;
  /** Machine-readable details; must survive JSON. Never secrets. */
  readonly data?: Readonly<Record<string, unknown>>;
}

/** Whose fault an error is: the person's input, the world (network, disk, kernel), or Slipway's own bug. */
export type ErrorFamily = "input" | "world" | "bug";

/**
 * Base of every error that Slipway throws on purpose. `code` is stable and what programs branch on; `message` is
 * for people and may change.
 */
export abstract class SlipwayError<Code extends string = string> extends Error {
  abstract readonly family: ErrorFamily;
  readonly code: Code;
  readonly hint: string | undefined;
  readonly data: Readonly<Record<string, unknown>>;

  constructor(code: Code, message: string, options: SlipwayErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = new.target.name;
    this.code = code;
    this.hint = options.hint;
    this.data = options.data ?? {};
  }
}

/** The input is at fault: a build file, a flag, a folder. Exit status 1 (a build) or 2 (usage). */
export class InputError<Code extends string = string> extends SlipwayError<Code> {
  readonly family = "input" as const;
  readonly location: SourceLocation | undefined;

  constructor(
    code: Code,
    message: string,
    options: SlipwayErrorOptions & { location?: SourceLocation } = {},
  ) {
    super(code, message, options);
    this.location = options.location;
  }
}

/** The world is at fault: a registry, the disk, the kernel. `retryable` says whether trying again may help. */
export class WorldError<Code extends string = string> extends SlipwayError<Code> {
  readonly family = "world" as const;
  readonly retryable: boolean;
  /** What in the person's input needed the world: the FROM whose image cannot be pulled. */
  readonly location: SourceLocation | undefined;

  constructor(
    code: Code,
    message: string,
    options: SlipwayErrorOptions & { retryable?: boolean; location?: SourceLocation } = {},
  ) {
    super(code, message, options);
    this.retryable = options.retryable ?? false;
    this.location = options.location;
  }
}

/** An invariant of Slipway's own is broken. */
export class InvariantError extends SlipwayError<"INVARIANT"> {
  readonly family = "bug" as const;

  constructor(message: string, options: SlipwayErrorOptions = {}) {
    super("INVARIANT", message, {
      hint: "This is a bug in Slipway: please report it with the command and this message.",
      ...options,
    });
  }
}

/** Makes an exhaustive `switch` fail to compile when a case is missing, and throw if data lied about its type. */
export function unreachable(value: never, what = "value"): never {
  throw new InvariantError(`unexpected ${what}: ${JSON.stringify(value)}`);
}
