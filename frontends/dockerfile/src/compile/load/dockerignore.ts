import { createPatternMatcher } from "@slipway/ir/patterns";
import { InputError } from "@slipway/oci";
import type { Problem } from "../../problems.ts";
import { SourceText } from "../../syntax/source-text.ts";
import { cleanPath } from "../paths.ts";

/**
 * Reads a `.dockerignore`: one pattern to a line, `#` in the first column begins a comment, `!` takes back. Patterns
 * are cleaned and relative to the context's root; the last one that matches wins.
 * @see Docker documentation, ".dockerignore files"
 */
export function readIgnoreFile(
  text: string,
  options: { readonly file: string; readonly problems: Problem[] },
): readonly string[] {
  const source = new SourceText(options.file, text);
  const patterns: string[] = [];
  let offset = 0;
  for (const line of source.text.split("\n")) {
    const start = offset;
    offset += line.length + 1;
    const written = line.trim();
    if (line.startsWith("#") || written === "") continue;
    const negated = written.startsWith("!");
    const pattern = negated ? written.slice(1).trim() : written;
    if (pattern === "") {
      options.problems.push({
        code: "IGNORE_FILE_INVALID",
        message: '"!" stands alone',
        hint: "Write the pattern to take back behind it, or remove the line.",
        location: source.locate({ start, end: start + line.length }),
      });
      continue;
    }
    const clean = cleanPath(pattern);
    const why = patternMistake(clean);
    if (why !== undefined) {
      options.problems.push({
        code: "IGNORE_FILE_INVALID",
        message: why,
        hint: "Close the bracket, or put a backslash before a character that stands for itself.",
        location: source.locate({ start, end: start + line.length }),
      });
      continue;
    }
    patterns.push(
      `${negated ? "!" : ""}${clean.length > 1 && clean.startsWith("/") ? clean.slice(1) : clean}`,
    );
  }
  return patterns;
}

/** What is wrong with a pattern; undefined when nothing is. */
function patternMistake(pattern: string): string | undefined {
  try {
    createPatternMatcher([pattern]);
    return undefined;
  } catch (error) {
    if (error instanceof InputError) return error.message;
    throw error;
  }
}
