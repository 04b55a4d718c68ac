import type { Span } from "../syntax/source-text.ts";
import type { DockerfileTree, InstructionNode } from "../syntax/syntax-tree.ts";

/** A word of a script. */
export interface ShellWord {
  /** Without the quotes. */
  readonly text: string;
  readonly span: Span;
}

/** A simple command: words up to the next operator. */
export interface ShellCommand {
  /** At least one; assignments and words such as `then`, `exec` or `sudo` before the name are left out. */
  readonly words: readonly ShellWord[];
  /** What was left out of the front. */
  readonly prefix: readonly ShellWord[];
  /** What joins it to the command before; empty at the start. */
  readonly operator: "" | "&&" | "||" | ";" | "|" | "&" | "\n";
}

/** A script of a RUN. */
export interface ShellScript {
  readonly kind: "line" | "heredoc";
  readonly text: string;
  readonly span: Span;
  readonly commands: readonly ShellCommand[];
}

const OPERATORS = ["&&", "||", ";;", "|&", ";", "|", "&", "\n", "(", ")", "{", "}"] as const;

/** Words that may stand before a command's name. */
const PREFIXES = new Set([
  "if", "then", "elif", "else", "while", "until", "do", "!", "time", "exec", "command", "sudo", "env", "nice", "eatmydata",
]); // prettier-ignore

/** Splits a script at white space and operators. Knows quotes, continuations and comments; that is enough to look for words. */
class ScriptReader {
  readonly #text: string;
  readonly #offset: number;
  readonly #escape: string;
  readonly #commands: ShellCommand[] = [];
  #words: ShellWord[] = [];
  #operator: ShellCommand["operator"] = "";
  /** Ends of here-documents that are open. */
  readonly #heredocs: string[] = [];
  #at = 0;

  constructor(text: string, offset: number, escape: string) {
    this.#text = text;
    this.#offset = offset;
    this.#escape = escape;
  }

  read(): readonly ShellCommand[] {
    while (this.#at < this.#text.length) {
      const skipped = this.#skip();
      if (skipped) continue;
      const operator = OPERATORS.find((each) => this.#text.startsWith(each, this.#at));
      // Braces are operators only where they stand alone.
      if (operator !== undefined && !((operator === "{" || operator === "}") && !this.#isAlone())) {
        this.#end(operator);
        this.#at += operator.length;
        if (operator === "\n") this.#skipHeredocs();
      } else this.#word();
    }
    this.#end("");
    return this.#commands;
  }

  /** Bodies of here-documents that the line before has opened are no commands. */
  #skipHeredocs(): void {
    for (const name of this.#heredocs.splice(0)) {
      while (this.#at < this.#text.length) {
        const newline = this.#text.indexOf("\n", this.#at);
        const end = newline < 0 ? this.#text.length : newline;
        const line = this.#text.slice(this.#at, end).trim();
        this.#at = newline < 0 ? end : newline + 1;
        if (line === name) break;
      }
    }
  }

  #isAlone(): boolean {
    return /^[{}](?:\s|;|$)/.test(this.#text.slice(this.#at, this.#at + 2));
  }

  /** White space, continuations and comments. */
  #skip(): boolean {
    const character = this.#text[this.#at]!;
    const continuation = this.#continuation(this.#at);
    if (continuation > 0) {
      this.#at += continuation;
      // Builders drop comments and empty lines behind a continuation.
      const emptyLine = /[ \t]*(?:#[^\n]*)?\r?\n/y;
      for (;;) {
        emptyLine.lastIndex = this.#at;
        if (!emptyLine.test(this.#text)) return true;
        this.#at = emptyLine.lastIndex;
      }
    }
    if (character !== "\n" && /\s/.test(character)) {
      this.#at++;
      return true;
    }
    if (character !== "#") return false;
    const newline = this.#text.indexOf("\n", this.#at);
    this.#at = newline < 0 ? this.#text.length : newline;
    return true;
  }

  /** Length of an escape character and the line end behind it; 0 when there is none. */
  #continuation(at: number): number {
    if (this.#text[at] !== this.#escape && this.#text[at] !== "\\") return 0;
    let end = at + 1;
    while (this.#text[end] === " " || this.#text[end] === "\t" || this.#text[end] === "\r") end++;
    return this.#text[end] === "\n" ? end + 1 - at : 0;
  }

  #word(): void {
    const start = this.#at;
    let text = "";
    let quote = "";
    for (; this.#at < this.#text.length; this.#at++) {
      const character = this.#text[this.#at]!;
      const continuation = quote === "'" ? 0 : this.#continuation(this.#at);
      if (continuation > 0) {
        this.#at += continuation - 1;
        continue;
      }
      if (quote === "" && /[\s;|&()]/.test(character)) break;
      if (character === "\\" && quote !== "'") {
        text += this.#text[++this.#at] ?? "";
      } else if (quote === "" ? character === '"' || character === "'" : character === quote) {
        quote = quote === "" ? character : "";
      } else text += character;
    }
    // A backslash may be the last character.
    this.#at = Math.min(this.#at, this.#text.length);
    const heredoc = /^\d*<<-?([^<\s]+)$/.exec(text)?.[1];
    if (heredoc !== undefined) this.#heredocs.push(heredoc);
    this.#words.push({ text, span: { start: this.#offset + start, end: this.#offset + this.#at } });
  }

  #end(operator: string): void {
    if (this.#words.length > 0) {
      let first = 0;
      while (
        first < this.#words.length - 1 &&
        (PREFIXES.has(this.#words[first]!.text) || /^\w+=/.test(this.#words[first]!.text))
      )
        first++;
      this.#commands.push({
        words: this.#words.slice(first),
        prefix: this.#words.slice(0, first),
        operator: this.#operator,
      });
      this.#words = [];
      this.#operator = "";
    }
    if (operator === "|&") this.#operator = "|";
    else if (operator === ";;") this.#operator = ";";
    else if (operator !== "" && !"(){}".includes(operator))
      this.#operator = operator as ShellCommand["operator"];
  }
}

/** Reads a script that stands in a file at an offset. */
export function readScript(
  kind: ShellScript["kind"],
  text: string,
  options: { readonly offset: number; readonly escape: string },
): ShellScript {
  const span = { start: options.offset, end: options.offset + text.length };
  return { kind, text, span, commands: new ScriptReader(text, options.offset, options.escape).read() };
}

/** Shells that take a here-document for their script. */
const SHELLS = /^(?:\/(?:usr\/)?bin\/)?(?:sh|bash|dash|ash)$/;

/**
 * The scripts of a RUN in its shell form: its line, and a here-document when a shell reads it. JSON arrays and scripts
 * in other languages are none.
 */
export function readScripts(
  node: InstructionNode,
  { source, escape }: DockerfileTree,
): readonly ShellScript[] {
  if (node.arguments.form !== "text") return [];
  const { span } = node.arguments.text;
  const line = readScript("line", source.text.slice(span.start, span.end), { offset: span.start, escape });
  const scripts: ShellScript[] = node.heredocs.length > 0 && line.text.startsWith("<<") ? [] : [line];
  const [heredoc] = node.heredocs;
  if (heredoc === undefined || node.heredocs.length > 1) return scripts;
  const [first] = line.commands;
  const isScript =
    (line.commands.length === 1 && first!.words.length === 1 && first!.words[0]!.text.startsWith("<<")) ||
    (line.commands.length === 1 && SHELLS.test(first!.words[0]!.text));
  const shebang = /^#!\s*(\S+)/.exec(heredoc.content.trimStart())?.[1];
  if (isScript && (shebang === undefined || SHELLS.test(shebang))) {
    scripts.push(
      readScript("heredoc", source.text.slice(heredoc.body.start, heredoc.body.end), {
        offset: heredoc.body.start,
        escape: "\\",
      }),
    );
  }
  return scripts;
}

/** True when a command is `name` with one of these first arguments, flags left out. */
export function runs(
  command: ShellCommand,
  name: string | readonly string[],
  subcommands?: readonly string[],
): boolean {
  const [first, ...rest] = command.words;
  const base = first!.text.replace(/^.*\//, "");
  if (!(typeof name === "string" ? name === base : name.includes(base))) return false;
  if (subcommands === undefined) return true;
  const subcommand = rest.find(({ text }) => !text.startsWith("-"))?.text;
  return subcommand !== undefined && subcommands.includes(subcommand);
}

/** The arguments of a command that are flags. */
export function flagsOf(command: ShellCommand): readonly string[] {
  return command.words.slice(1).flatMap(({ text }) => (text.startsWith("-") ? [text] : []));
}
