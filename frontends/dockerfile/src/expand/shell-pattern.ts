/**
 * Turns a shell pattern of `*`, `?` and backslash into a regular expression. Brackets are ordinary characters, as in
 * Docker's shell lexer.
 * @throws SyntaxError when a backslash stands before anything but `* ? \ } /`.
 */
export function shellPatternToRegExp(
  pattern: string,
  options: { readonly greedy: boolean; readonly anchored: boolean; readonly flags?: string },
): RegExp {
  let source = options.anchored ? "^" : "";
  const characters = [...pattern];
  for (let index = 0; index < characters.length; index++) {
    const character = characters[index]!;
    if (character === "*") source += options.greedy ? ".*" : ".*?";
    else if (character === "?") source += ".";
    else if (character === "\\") {
      const next = characters[index + 1];
      // `}` and `/` are escaped for the sake of `${}` around; the backslash is not part of the pattern.
      if (next === "}" || next === "/") continue;
      if (next !== "*" && next !== "?" && next !== "\\")
        throw new SyntaxError(`"\\${next ?? ""}" is not an escape`);
      source += `\\${next}`;
      index++;
    } else source += character.replace(/[[\]{}.+()|^$/]/, "\\$&");
  }
  return new RegExp(source, `u${options.flags ?? ""}`);
}

function reversedPattern(pattern: string): string {
  // An escape stays in front of the character it escapes.
  return (pattern.match(/\\[\s\S]|[\s\S]/gu) ?? []).reverse().join("");
}

/**
 * Cuts the part that matches `pattern` off the start (or the end) of `value`: the longest when `greedy`, else the shortest.
 * @throws SyntaxError when the pattern is none.
 */
export function trimLongestOrShortest(
  value: string,
  pattern: string,
  options: { readonly fromEnd: boolean; readonly greedy: boolean },
): string {
  if (!options.fromEnd) {
    const match = shellPatternToRegExp(pattern, { greedy: options.greedy, anchored: true }).exec(value);
    return match === null ? value : value.slice(match[0].length);
  }
  // Matching the mirrored value from its start finds the shortest suffix, which an expression that ends in `$` does not.
  const mirrored = [...value].reverse().join("");
  const match = shellPatternToRegExp(reversedPattern(pattern), {
    greedy: options.greedy,
    anchored: true,
  }).exec(mirrored);
  return match === null ? value : [...mirrored.slice(match[0].length)].reverse().join("");
}
