const NAMES = new Set(["syntax", "escape", "check"]);

/** The value of `syntax` among the directives at the top, each line beginning with `mark`. */
function fromDirectives(lines: readonly string[], mark: "#" | "//"): string | undefined {
  const seen = new Set<string>();
  for (const line of lines) {
    if (!line.startsWith(mark)) return undefined;
    const directive = /^\s*([a-zA-Z][a-zA-Z0-9]*)\s*=\s*(.+?)\s*$/.exec(line.slice(mark.length));
    const name = directive?.[1]?.toLowerCase() ?? "";
    // The first line that is no directive ends them, and so does one given twice.
    if (!NAMES.has(name) || seen.has(name)) return undefined;
    if (name === "syntax") return directive![2];
    seen.add(name);
  }
  return undefined;
}

function fromJson(text: string): string | undefined {
  if (!text.trimStart().startsWith("{")) return undefined;
  try {
    const { syntax } = JSON.parse(text) as { syntax?: unknown };
    return typeof syntax === "string" && syntax !== "" ? syntax : undefined;
  } catch {
    return undefined;
  }
}

/**
 * The image of the frontend that a build file asks for: the first word of a `# syntax=` or `// syntax=` directive at its top,
 * or of the key `syntax` of a file that is a JSON object. A byte-order mark and a first line that begins with `#!` are
 * skipped.
 * @see Dockerfile reference, "Parser directives"; how other languages say it is as BuildKit reads it
 */
export function detectSyntax(text: string): string | undefined {
  let rest = text.replace(/^\uFEFF/, "");
  if (rest.startsWith("#!")) rest = rest.includes("\n") ? rest.slice(rest.indexOf("\n") + 1) : "";
  const lines = rest.split(/\r*\n/);
  const value = fromDirectives(lines, "#") ?? fromDirectives(lines, "//") ?? fromJson(rest);
  return value?.trim().split(/\s+/)[0];
}
