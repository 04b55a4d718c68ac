import type { Span } from "@slipway/frontend-dockerfile/language";

/** `$name` or `${name…` in a text. */
export interface VariableUse {
  readonly name: string;
  /** The name alone. */
  readonly nameSpan: Span;
}

const NAME = /[A-Za-z_][A-Za-z0-9_]*/y;

/**
 * Finds the variables that a range of a text uses, nested ones included.
 *
 * @param syntax `docker`: single quotes keep variables from being expanded, as Docker has it. `shell`: whatever the
 *   quotes, since a shell that a shell starts expands what is in them.
 */
export function scanVariables(
  text: string,
  range: Span,
  options: { readonly escape: string; readonly syntax: "docker" | "shell" },
): readonly VariableUse[] {
  const found: VariableUse[] = [];
  let quote = "";
  for (let at = range.start; at < range.end; at++) {
    const character = text[at]!;
    if (character === options.escape && quote !== "'") {
      at++;
    } else if (options.syntax === "docker" && (character === '"' || character === "'")) {
      if (quote === "") quote = character;
      else if (quote === character) quote = "";
    } else if (character === "$" && quote !== "'") {
      const isDoubled = options.syntax === "shell" && text[at + 1] === "$";
      if (isDoubled) {
        at++;
        continue;
      }
      // `${#name}` is the shell's length of a value.
      const nameStart =
        at + (text[at + 1] !== "{" ? 1 : options.syntax === "shell" && text[at + 2] === "#" ? 3 : 2);
      NAME.lastIndex = nameStart;
      const name = NAME.exec(text)?.[0];
      if (name === undefined || nameStart + name.length > range.end) continue;
      found.push({ name, nameSpan: { start: nameStart, end: nameStart + name.length } });
      at = nameStart + name.length - 1;
    }
  }
  return found;
}
