import type { SourceLocation } from "@slipway/oci";
import { didYouMean } from "../did-you-mean.ts";
import type { Problem } from "../problems.ts";
import type { SourceText } from "./source-text.ts";
import type { Directive } from "./syntax-tree.ts";
import { leadingSpace, trimSpace } from "./white-space.ts";

const DIRECTIVE = /^#[\t\f\r ]*([a-zA-Z][a-zA-Z0-9]*)[\t\f\r ]*=[\t\f\r ]*(.+?)[\t\f\r ]*$/;
const NAMES = new Set(["syntax", "escape", "check", "slipway"]);
/** What `# slipway=` can turn on. */
const EXTENSIONS = ["include"];

export interface Directives {
  readonly escape: "\\" | "`";
  readonly list: readonly Directive[];
  /** Offset of the first line that is no directive. */
  readonly end: number;
}

function checkExtensions(value: string, problems: Problem[], locate: () => SourceLocation): void {
  for (const name of value.split(",").map((each) => each.trim())) {
    if (EXTENSIONS.includes(name)) continue;
    problems.push({
      code: "DIRECTIVE_INVALID",
      message: `the slipway directive knows no "${name}"`,
      hint: didYouMean(name, EXTENSIONS, "It is # slipway=include."),
      location: locate(),
    });
  }
}

/** Whether the directives of a file turn INCLUDE on. */
export function allowsIncludes(directives: readonly Directive[]): boolean {
  return directives.some(
    ({ name, value }) => name === "slipway" && value.split(",").some((each) => each.trim() === "include"),
  );
}

/**
 * Reads the parser directives at the top of a file. The first line that is not one, a comment or empty line included,
 * ends them.
 * @see Dockerfile reference, "Parser directives"
 */
export function readDirectives(source: SourceText, problems: Problem[]): Directives {
  const list: Directive[] = [];
  let escape: "\\" | "`" = "\\";
  let at = 0;
  while (at < source.text.length) {
    const newline = source.text.indexOf("\n", at);
    const end = newline < 0 ? source.text.length : newline;
    const line = source.text.slice(at, end);
    const written = trimSpace(line);
    const match = DIRECTIVE.exec(written);
    const name = match?.[1]!.toLowerCase();
    if (match === null || name === undefined || !NAMES.has(name)) break;
    const start = at + leadingSpace(line);
    const span = { start, end: start + written.length };
    const value = match[2]!;
    if (list.some((directive) => directive.name === name)) {
      problems.push({
        code: "DIRECTIVE_INVALID",
        message: `the ${name} directive is given twice`,
        hint: "Remove one of them.",
        location: source.locate(span),
      });
    } else if (name === "escape") {
      if (value === "`" || value === "\\") escape = value;
      else {
        problems.push({
          code: "DIRECTIVE_INVALID",
          message: `"${value}" cannot be the escape character`,
          hint: "It is a backslash (\\) or a backquote (`).",
          location: source.locate(span),
        });
      }
    }
    list.push({ name: name as Directive["name"], value, span });
    at = newline < 0 ? end : newline + 1;
    if (name !== "slipway") continue;
    checkExtensions(value, problems, () => source.locate(span));
    // To Docker this line is a comment, which ends the directives.
    break;
  }
  return { escape, list, end: at };
}
