import { InputError, type SourceLocation } from "@slipway/oci";
import { expandText, ExpansionError, type ExpandOptions, type Lookup } from "../expand/expand.ts";
import { problemError, type DockerfileErrorCode } from "../problems.ts";
import type { Span } from "../syntax/source-text.ts";
import type { Word } from "../syntax/syntax-tree.ts";

/** Knows where things are: an instruction, a stage, a file. */
export interface Site {
  locate(span: Span): SourceLocation;
}

/** @throws InputError always */
export function failAt(
  site: Site,
  span: Span,
  problem: { code: DockerfileErrorCode; message: string; hint: string },
): never {
  throw problemError({ ...problem, location: site.locate(span) });
}

/** Where in the file a part of a word is; the whole word when it stands in the file otherwise than it reads. */
function spanInWord(word: Word, offset: number): Span {
  const exact = word.span.end - word.span.start === word.text.length;
  return exact ? { start: Math.min(word.span.start + offset, word.span.end), end: word.span.end } : word.span;
}

function guarded<T>(word: Word, site: Site, run: () => T): T {
  try {
    return run();
  } catch (error) {
    if (!(error instanceof ExpansionError)) throw error;
    return failAt(site, spanInWord(word, error.offset), {
      code: "EXPANSION_FAILED",
      message: `"${word.text}" cannot be expanded: ${error.message}`,
      hint:
        error.hint ??
        "Close what is open, or put the escape character before a $ or a quote that means itself.",
    });
  }
}

/** @throws InputError `EXPANSION_FAILED` with the place */
export function expandWord(
  word: Word,
  lookup: Lookup,
  options: ExpandOptions & { readonly site: Site },
): string {
  return guarded(word, options.site, () => expandText(word.text, lookup, options).text);
}

/** @throws InputError `EXPANSION_FAILED` with the place */
export function expandToWords(
  word: Word,
  lookup: Lookup,
  options: ExpandOptions & { readonly site: Site },
): readonly string[] {
  return guarded(word, options.site, () => expandText(word.text, lookup, options).words);
}

/** Runs something that says what is wrong but not where, and adds the place. */
export function atPlace<T>(site: Site, span: Span, run: () => T): T {
  try {
    return run();
  } catch (error) {
    if (!(error instanceof InputError) || error.location !== undefined) throw error;
    throw new InputError(error.code, error.message, {
      ...(error.hint === undefined ? {} : { hint: error.hint }),
      data: error.data,
      cause: error,
      location: site.locate(span),
    });
  }
}
