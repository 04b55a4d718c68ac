/** A place as our frontends tell it; lines and columns from 1, the last column inclusive. */
export interface AnswerPosition {
  readonly file?: string;
  readonly line: number;
  readonly column?: number;
  readonly endLine?: number;
  readonly endColumn?: number;
  readonly excerpt?: string;
  /** UTF-16 offsets into the text without a byte-order mark. */
  readonly start?: number;
  readonly end?: number;
  /** The INCLUDE that brought the file in. */
  readonly includedFrom?: AnswerPosition & { readonly file: string };
}

export interface AnswerRanges {
  /** Which of the answer's sources; 0 when absent. */
  readonly sourceIndex?: number;
  readonly ranges?: readonly {
    readonly start: { readonly line: number };
    readonly end: { readonly line: number };
  }[];
}

export interface AnswerFix {
  readonly title: string;
  readonly edits: readonly {
    readonly span: { readonly start: number; readonly end: number };
    readonly text: string;
  }[];
  readonly unsure?: true;
}

export interface LintWarning {
  readonly ruleName: string;
  readonly description: string;
  readonly url: string;
  readonly detail: string;
  readonly location?: AnswerRanges;
  // What follows only our own frontends tell.
  readonly severity?: "warning" | "error";
  readonly hint?: string;
  readonly position?: AnswerPosition;
  readonly fix?: AnswerFix;
}

export interface LintError {
  readonly code?: string;
  readonly message: string;
  readonly hint?: string;
  readonly location?: AnswerRanges;
  readonly position?: AnswerPosition;
}

/** `result.json` of `frontend.lint`, of any frontend. */
export interface LintAnswer {
  readonly warnings: readonly LintWarning[];
  /** What stops a build; the first is `buildError`, too. */
  readonly errors: readonly LintError[];
  /** What could not be looked at. */
  readonly notes: readonly string[];
  readonly sources: readonly { readonly filename: string; readonly text: string }[];
}

/** Reads the answer. What other frontends leave out is filled in. */
export function readLintAnswer(json: string): LintAnswer {
  const answer = JSON.parse(json) as {
    warnings?: LintWarning[] | null;
    sources?: { filename?: string; data?: string }[] | null;
    buildError?: LintError;
    errors?: LintError[];
    notes?: string[];
  };
  return {
    warnings: answer.warnings ?? [],
    errors: answer.errors ?? (answer.buildError ? [answer.buildError] : []),
    notes: answer.notes ?? [],
    sources: (answer.sources ?? []).map(({ filename = "", data = "" }) => ({
      filename,
      text: Buffer.from(data, "base64")
        .toString("utf8")
        .replace(/^\uFEFF/, ""),
    })),
  };
}

/** Where something is: exactly when the frontend says so, else by its lines. */
export function positionOf(
  { position, location }: Pick<LintWarning, "position" | "location">,
  file: string,
): (AnswerPosition & { readonly file: string }) | undefined {
  if (position !== undefined) return { ...position, file: position.file ?? file };
  const first = location?.ranges?.[0]?.start.line;
  const last = location?.ranges?.at(-1)?.end.line;
  return first === undefined
    ? undefined
    : { file, line: first, ...(last === undefined ? {} : { endLine: last }) };
}
