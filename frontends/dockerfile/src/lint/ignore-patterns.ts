/** `**`, `*`, `?` and `[…]` of an ignore file's pattern as an expression for paths below it, too. */
function expressionOf(pattern: string): RegExp | undefined {
  let source = "^";
  for (let at = 0; at < pattern.length; at++) {
    const character = pattern[at]!;
    if (character === "*") {
      if (pattern[at + 1] !== "*") {
        source += "[^/]*";
        continue;
      }
      at++;
      if (pattern[at + 1] === "/") {
        at++;
        source += "(?:.*/)?";
      } else source += ".*";
    } else if (character === "?") source += "[^/]";
    else if (character === "\\" && at + 1 < pattern.length) source += escaped(pattern[++at]!);
    else if (character === "[") {
      const end = pattern.indexOf("]", at + 2);
      if (end < 0) return undefined;
      source += `[${pattern.slice(at + 1, end).replace(/\\/g, "\\\\")}]`;
      at = end;
    } else source += escaped(character);
  }
  try {
    return new RegExp(`${source}(?:/|$)`, "s");
  } catch {
    return undefined;
  }
}

function escaped(character: string): string {
  return character.replace(/[\\^$.*+?()[\]{}|/]/, "\\$&");
}

/** The part of a pattern before anything that is not literal. */
function literalStart(pattern: string): string {
  return /^[^*?[\\]*/.exec(pattern)![0];
}

/**
 * True when nothing below a path is left over: a pattern leaves it, or a folder above it, out, and none behind that one
 * may take back it or something in it. Paths with wildcards count as they are written.
 * @param patterns cleaned, relative, in the order of the file
 */
export function ignoresWholly(patterns: readonly string[], path: string): boolean {
  let isIgnored = false;
  for (const pattern of patterns) {
    if (pattern.startsWith("!")) {
      if (!isIgnored) continue;
      const back = pattern.slice(1);
      const start = literalStart(back);
      const mayBeBelow =
        path === "." ||
        start === path ||
        start.startsWith(`${path}/`) ||
        (start !== back && path.startsWith(start));
      const isBack = expressionOf(back)?.test(path) ?? true;
      if (isBack || mayBeBelow || /[*?[]/.test(path)) isIgnored = false;
    } else if (
      path === "."
        ? pattern === "*" || pattern === "**" || pattern === "."
        : expressionOf(pattern)?.test(path)
    )
      isIgnored = true;
  }
  return isIgnored;
}
