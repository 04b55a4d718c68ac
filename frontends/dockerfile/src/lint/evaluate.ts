import { parsePlatform } from "@slipway/oci";
import type { StageCommand } from "../commands/command.ts";
import type { CheckedFile, Stage } from "../commands/stages.ts";
import { platformArgs } from "../compile/options.ts";
import { nearestName } from "../did-you-mean.ts";
import { expandText, ExpansionError } from "../expand/expand.ts";
import { expandedWords, type Expandable } from "./expanded-words.ts";
import type { LintFacts } from "./facts.ts";

/** A word with its variables replaced, as far as they are known. */
export interface Expanded {
  readonly text: string;
  /** Sorted names that nothing sets or declares. */
  readonly undefinedNames: readonly string[];
  /** The name that was probably meant, by the name that is not defined. */
  readonly nearest: ReadonlyMap<string, string>;
  /** False when the text depends on what is not known. */
  readonly isCertain: boolean;
}

/** A stage as far as its instructions can be followed without building it. */
export interface EvaluatedStage {
  readonly stage: Stage;
  /** FROM's image after variables are replaced. */
  readonly baseName: Expanded;
  readonly base: "scratch" | "stage" | "image" | "context";
  /** The stage that it is based on. */
  readonly parent?: EvaluatedStage;
  /** Whether all variables that the base brings along are known. */
  readonly isEnvKnown: boolean;
  /** Whether a WORKDIR is in force: at the start, and at the end. */
  readonly hasWorkdirAtStart: boolean;
  readonly hasWorkdirAtEnd: boolean;
  readonly hasShellAtStart: boolean;
  readonly hasShellAtEnd: boolean;
  /** Variables of the stage at its end. */
  readonly env: ReadonlyMap<string, string>;
  /** Arguments that are declared without a value, at its end. */
  readonly declared: ReadonlySet<string>;
}

export interface Evaluation {
  /** By the object of the tree. */
  readonly words: ReadonlyMap<Expandable, Expanded>;
  readonly stages: readonly EvaluatedStage[];
  /** Values of the global arguments; without what the command line says. */
  readonly globalDefaults: ReadonlyMap<string, string>;
  readonly globals: ReadonlyMap<string, string>;
  /** Global arguments and those that exist by themselves, with or without a value. */
  readonly globalNames: ReadonlySet<string>;
}

const DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** Looking for a name that is near costs as much as there are names. */
const MOST_CANDIDATES = 500;

/** What FROM becomes with these arguments; undefined when it cannot be expanded. */
export function expandWith(
  text: string,
  values: ReadonlyMap<string, string>,
  escape: "\\" | "`",
): { readonly text: string; readonly unset: ReadonlySet<string> } | undefined {
  try {
    return expandText(text, (name) => values.get(name), { escape });
  } catch (error) {
    if (error instanceof ExpansionError) return undefined;
    throw error;
  }
}

class Evaluator {
  readonly words = new Map<Expandable, Expanded>();
  readonly #file: CheckedFile;
  readonly #facts: LintFacts;
  readonly #globals: ReadonlyMap<string, string>;
  readonly #globalNames: ReadonlySet<string>;

  constructor(file: CheckedFile, facts: LintFacts, globals: Map<string, string>, names: ReadonlySet<string>) {
    this.#file = file;
    this.#facts = facts;
    this.#globals = globals;
    this.#globalNames = names;
  }

  stages(): EvaluatedStage[] {
    const found: EvaluatedStage[] = [];
    const byName = new Map<string, EvaluatedStage>();
    for (const stage of this.#file.stages) {
      const evaluated = this.#stage(stage, byName);
      found.push(evaluated);
      if (stage.name !== "") byName.set(stage.name, evaluated);
    }
    return found;
  }

  #stage(stage: Stage, byName: ReadonlyMap<string, EvaluatedStage>): EvaluatedStage {
    const fromScope = { values: this.#globals, declared: this.#globalNames, isEnvKnown: true };
    const baseName = this.#expand(stage.from.image, fromScope);
    if (stage.from.platform !== undefined) this.#expand(stage.from.platform, fromScope);
    const facts = this.#facts.bases?.[stage.index];
    const isContext = this.#isContext(stage.name) || this.#isContext(baseName.text);
    const parent = isContext ? undefined : byName.get(baseName.text.toLowerCase());
    const isScratch = parent === undefined && !isContext && baseName.text === "scratch";
    const scope = {
      values: new Map(parent?.env ?? [["PATH", DEFAULT_PATH]]),
      declared: new Set(parent?.declared),
      isEnvKnown: parent?.isEnvKnown ?? (isScratch || facts !== undefined),
    };
    for (const entry of facts?.env ?? []) {
      const split = entry.indexOf("=");
      scope.values.set(split < 0 ? entry : entry.slice(0, split), split < 0 ? "" : entry.slice(split + 1));
    }
    for (const name of facts?.args ?? []) scope.declared.add(name);
    const hasWorkdirAtStart = parent?.hasWorkdirAtEnd ?? facts?.hasWorkdir ?? false;
    const hasShellAtStart = parent?.hasShellAtEnd ?? facts?.hasShell ?? false;
    for (const command of stage.commands) this.#command(command, scope);
    return {
      stage,
      baseName,
      base: isContext ? "context" : parent !== undefined ? "stage" : isScratch ? "scratch" : "image",
      ...(parent === undefined ? {} : { parent }),
      isEnvKnown: scope.isEnvKnown,
      hasWorkdirAtStart,
      hasWorkdirAtEnd: hasWorkdirAtStart || stage.commands.some(({ kind }) => kind === "workdir"),
      hasShellAtStart,
      hasShellAtEnd: hasShellAtStart || stage.commands.some(({ kind }) => kind === "shell"),
      env: scope.values,
      declared: scope.declared,
    };
  }

  #isContext(name: string): boolean {
    return this.#facts.namedContexts?.includes(name.toLowerCase()) ?? false;
  }

  #command(command: StageCommand, scope: Scope): void {
    if (command.kind === "arg") {
      for (const { key, value } of command.args) {
        const given = this.#facts.buildArgs?.[key.text];
        const expanded = value === undefined ? undefined : this.#expand(value, scope);
        const assigned = given ?? (value === undefined ? this.#globals.get(key.text) : expanded?.text);
        scope.declared.add(key.text);
        if (assigned !== undefined) scope.values.set(key.text, assigned);
      }
      return;
    }
    for (const word of expandedWords(command)) this.#expand(word, scope);
    if (command.kind !== "env") return;
    for (const { key, value } of command.pairs) {
      const name = this.words.get(key)!.text;
      scope.values.set(name, this.words.get(value)!.text);
    }
  }

  #expand(word: Expandable, scope: ReadonlyScope): Expanded {
    const text = "content" in word ? word.content : word.text;
    const result = expandWith(text, scope.values, this.#file.tree.escape);
    const expanded = result === undefined ? UNKNOWN : this.#describe(result, scope);
    this.words.set(word, expanded);
    return expanded;
  }

  #describe(
    { text, unset }: { text: string; unset: ReadonlySet<string> },
    { values, declared, isEnvKnown }: ReadonlyScope,
  ): Expanded {
    if (unset.size === 0) return { text, undefinedNames: [], nearest: NOTHING, isCertain: true };
    const undefinedNames = [...unset].filter((name) => !declared.has(name)).sort();
    const nearest = new Map<string, string>();
    if (values.size + declared.size <= MOST_CANDIDATES) {
      const candidates = new Set([...values.keys(), ...declared]);
      for (const name of undefinedNames) {
        const near = nearestName(name, candidates);
        if (near !== undefined) nearest.set(name, near);
      }
    }
    return { text, undefinedNames, nearest, isCertain: isEnvKnown };
  }
}

interface Scope {
  readonly values: Map<string, string>;
  readonly declared: Set<string>;
  readonly isEnvKnown: boolean;
}

interface ReadonlyScope {
  readonly values: ReadonlyMap<string, string>;
  readonly declared: ReadonlySet<string>;
  readonly isEnvKnown: boolean;
}

const NOTHING: ReadonlyMap<string, string> = new Map();
const UNKNOWN: Expanded = { text: "", undefinedNames: [], nearest: NOTHING, isCertain: false };

/** Follows the variables of a file through its stages. What is not known counts as not set, and says so. */
export function evaluate(file: CheckedFile, facts: LintFacts): Evaluation {
  const { escape } = file.tree;
  const platform = (text: string | undefined) => parsePlatform(text ?? "linux/amd64");
  const predefined = platformArgs({
    build: platform(facts.buildPlatform),
    target: platform(facts.targetPlatform ?? facts.buildPlatform),
    targetStage: facts.target || (file.stages.at(-1)?.name ?? ""),
  });
  const defaults = new Map(predefined);
  const globals = new Map(predefined);
  for (const name of predefined.keys()) {
    const given = facts.buildArgs?.[name];
    if (given !== undefined) globals.set(name, given);
  }
  const names = new Set(predefined.keys());
  for (const { args } of file.globalArgs) {
    for (const { key, value } of args) {
      names.add(key.text);
      const byDefault = value && expandWith(value.text, defaults, escape)?.text;
      if (byDefault !== undefined) defaults.set(key.text, byDefault);
      const assigned =
        facts.buildArgs?.[key.text] ?? (value && expandWith(value.text, globals, escape)?.text);
      if (assigned !== undefined) globals.set(key.text, assigned);
    }
  }
  const evaluator = new Evaluator(file, facts, globals, names);
  const stages = evaluator.stages();
  return { words: evaluator.words, stages, globalDefaults: defaults, globals, globalNames: names };
}
