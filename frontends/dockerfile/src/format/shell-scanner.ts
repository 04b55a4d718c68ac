type ScannerState = "plain" | "single" | "double" | "brace" | "doubleBrace" | "unknown";

/**
 * Goes through a command of a POSIX shell and knows where white space only separates words: not in quotes, not in
 * `${…}`, not behind a backslash. What it does not understand for certain (backquotes, `$'…'`, substitutions within
 * double quotes) it calls quoted, up to the end. Comments count as ordinary words: white space does not matter there.
 */
export class ShellScanner {
  #state: ScannerState = "plain";
  #escaped = false;
  #previous = "";

  /** True when white space at this place separates words, and how much of it there is does not matter. */
  get isPlain(): boolean {
    return this.#state === "plain" && !this.#escaped;
  }

  /** Reads on. */
  feed(text: string): void {
    for (const character of text) {
      if (this.#state === "unknown") return;
      if (this.#escaped) {
        this.#escaped = false;
        this.#previous = "";
        continue;
      }
      this.#state = this.#next(character);
      this.#previous = character;
    }
  }

  #next(character: string): ScannerState {
    const afterDollar = this.#previous === "$";
    switch (this.#state) {
      case "plain":
        if (character === "\\") this.#escaped = true;
        else if (character === "'") return afterDollar ? "unknown" : "single";
        else if (character === '"') return afterDollar ? "unknown" : "double";
        else if (character === "`") return "unknown";
        else if (character === "{" && afterDollar) return "brace";
        return "plain";
      case "single":
        return character === "'" ? "plain" : "single";
      case "double":
        if (character === "\\") this.#escaped = true;
        else if (character === '"') return "plain";
        else if (character === "`" || (character === "(" && afterDollar)) return "unknown";
        else if (character === "{" && afterDollar) return "doubleBrace";
        return "double";
      case "brace":
      case "doubleBrace":
        if (character === "}") return this.#state === "brace" ? "plain" : "double";
        return "\"'`\\${".includes(character) ? "unknown" : this.#state;
      default:
        return "unknown";
    }
  }
}

/** Splits a command at the white space that separates words, for comparing. */
export function shellWords(text: string): readonly string[] {
  const scanner = new ShellScanner();
  const words: string[] = [];
  let word = "";
  for (const character of text) {
    if ((character === " " || character === "\t") && scanner.isPlain) {
      if (word !== "") words.push(word);
      word = "";
    } else word += character;
    scanner.feed(character);
  }
  if (word !== "") words.push(word);
  return words;
}
