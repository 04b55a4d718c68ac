import { didYouMean } from "../did-you-mean.ts";
import type { DockerfileErrorCode, Problem } from "../problems.ts";
import type { SourceText, Span } from "../syntax/source-text.ts";
import type { Arguments, Flag, InstructionNode, Word } from "../syntax/syntax-tree.ts";
import type { CommandLine } from "./command.ts";

/** What kind of value a flag takes; `later` marks flags that Slipway does not know what to do with yet. */
export type FlagKind = "text" | "texts" | "bool" | "later";

export type FlagKinds = Readonly<Record<string, FlagKind>>;

/** The flags of one instruction after their names and values are checked. */
export interface CheckedFlags {
  text(name: string): Word | undefined;
  texts(name: string): readonly Word[];
  bool(name: string): boolean;
}

/** Checks one instruction. Mistakes go to a list, so that one run finds all of them. */
export class Checker {
  readonly node: InstructionNode;
  /** The keyword in capitals. */
  readonly name: string;
  readonly #source: SourceText;
  readonly #problems: Problem[];
  #failed = false;
  #flagSeverity: "error" | "warning" = "error";

  constructor(node: InstructionNode, source: SourceText, problems: Problem[]) {
    this.node = node;
    this.name = node.name.toUpperCase();
    this.#source = source;
    this.#problems = problems;
  }

  /** True when something was reported. */
  get failed(): boolean {
    return this.#failed;
  }

  report(span: Span, problem: { code: DockerfileErrorCode; message: string; hint: string }): undefined {
    this.#failed = true;
    this.#problems.push({ ...problem, location: this.#source.locate(span) });
    return undefined;
  }

  /** Reports a mistake that compiling meets again when the stage is needed. */
  reportIfNeeded(span: Span, problem: { code: DockerfileErrorCode; message: string; hint: string }): void {
    this.#problems.push({ ...problem, location: this.#source.locate(span), inNeededStages: true });
  }

  /** Tells what is odd, but no mistake. */
  warn(span: Span, problem: { code: DockerfileErrorCode; message: string; hint: string }): void {
    this.#problems.push({ ...problem, location: this.#source.locate(span), severity: "warning" });
  }

  arguments(message: string, hint: string, span: Span = this.node.keyword.span): undefined {
    return this.report(span, { code: "INSTRUCTION_ARGUMENTS", message: `${this.name} ${message}`, hint });
  }

  /** Checks all flags. Docker does not look at those of a few instructions: their mistakes are warnings. */
  flags(kinds: FlagKinds, severity: "error" | "warning" = "error"): CheckedFlags {
    this.#flagSeverity = severity;
    const found = new Map<string, Word[]>();
    for (const flag of this.node.flags) this.#flag(flag, kinds, found);
    return {
      text: (name) => found.get(name)?.[0],
      texts: (name) => found.get(name) ?? [],
      bool: (name) => found.get(name)?.[0]?.text === "true",
    };
  }

  #reportFlag(span: Span, problem: { code: DockerfileErrorCode; message: string; hint: string }): undefined {
    if (this.#flagSeverity === "error") return this.report(span, problem);
    this.warn(span, problem);
    return undefined;
  }

  #flag(flag: Flag, kinds: FlagKinds, found: Map<string, Word[]>): void {
    const kind = Object.hasOwn(kinds, flag.name) ? kinds[flag.name] : undefined;
    if (flag.name === "" && flag.value === undefined) return;
    const nameSpan = {
      start: flag.span.start,
      end: Math.min(flag.span.end, flag.span.start + 2 + flag.name.length),
    };
    if (kind === undefined) {
      const known = Object.keys(kinds).map((name) => `--${name}`);
      const otherwise =
        known.length > 0 ? `${this.name} takes ${known.join(", ")}.` : `${this.name} takes no flags.`;
      this.#reportFlag(nameSpan, {
        code: "FLAG_UNKNOWN",
        message: `${this.name} has no flag --${flag.name}`,
        hint: didYouMean(`--${flag.name}`, known, otherwise),
      });
      return;
    }
    if (kind === "later") {
      this.#reportFlag(nameSpan, {
        code: "NOT_SUPPORTED_YET",
        message: `${this.name} --${flag.name} is not supported yet`,
        hint: "Write the step without it, or build this file with BuildKit for now.",
      });
      return;
    }
    if (found.has(flag.name) && kind !== "texts") {
      this.#reportFlag(flag.span, {
        code: "FLAG_DUPLICATE",
        message: `--${flag.name} is given twice`,
        hint: "Remove one of them.",
      });
      return;
    }
    const value = this.#flagValue(flag, kind);
    if (value === undefined) return;
    const word: Word = { text: value, span: flag.valueSpan ?? flag.span };
    found.set(flag.name, [...(found.get(flag.name) ?? []), word]);
  }

  #flagValue(flag: Flag, kind: FlagKind): string | undefined {
    if (kind !== "bool") {
      if (flag.value !== undefined) return flag.value;
      return this.#reportFlag(flag.span, {
        code: "FLAG_VALUE",
        message: `--${flag.name} needs a value`,
        hint: `Write --${flag.name}=value, without a space.`,
      });
    }
    const value = flag.value === undefined ? "true" : flag.value.toLowerCase();
    if (value === "true" || value === "false") return value;
    return this.#reportFlag(flag.valueSpan ?? flag.span, {
      code: "FLAG_VALUE",
      message: `--${flag.name} is true or false, not "${flag.value}"`,
      hint: `Write --${flag.name} alone to turn it on.`,
    });
  }

  /** Checks that a JSON array holds strings only. */
  strings(args: Arguments): boolean {
    if (args.form !== "json" || !args.invalid) return true;
    this.report(args.span, {
      code: "JSON_NOT_STRINGS",
      message: `the JSON array of ${this.name} holds something that is not a string`,
      hint: 'Put every element in double quotes, for example ["sleep", "5"].',
    });
    return false;
  }

  /** The words of a list or a JSON array; undefined when it is neither or not all strings. */
  list(): readonly Word[] | undefined {
    const args = this.node.arguments;
    if (!this.strings(args)) return undefined;
    if (args.form === "words") return args.words;
    return args.form === "json" ? args.items : [];
  }

  commandLine(args: Arguments): CommandLine | undefined {
    if (!this.strings(args)) return undefined;
    if (args.form === "json") return { form: "exec", args: args.items.map((item) => item.text) };
    return { form: "shell", args: args.form === "text" ? [args.text.text] : [] };
  }

  /** @returns true when there was a here-document, which is then reported. */
  refuseHeredocs(): boolean {
    const first = this.node.heredocs[0];
    if (first === undefined) return false;
    this.report(first.span, {
      code: "NOT_SUPPORTED_YET",
      message: `here-documents (<<${first.name}) are not supported yet`,
      hint:
        this.node.name === "run"
          ? "Join the lines with && and a backslash at each line's end, or copy a script into the image and run it."
          : "Put the text into a file of the build context and copy that.",
    });
    return true;
  }
}
