import { familiarImageReference, parseImageReference, parsePlatform, type Platform } from "@slipway/oci";
import type { StageCommand } from "../../commands/command.ts";
import { splitCsv } from "../../commands/csv.ts";
import type { CheckedFile, Stage } from "../../commands/stages.ts";
import { didYouMean } from "../../did-you-mean.ts";
import { problemError } from "../../problems.ts";
import type { Span } from "../../syntax/source-text.ts";
import type { Word } from "../../syntax/syntax-tree.ts";
import { contextBase } from "../sources/named-context.ts";
import type { CompileOptions } from "../options.ts";
import type { Base, PlacedCommand, StagePlan } from "./plan.ts";
import { expandText } from "../../expand/expand.ts";
import { atPlace, expandWord, failAt, type Site } from "../site-error.ts";

/** Instructions that progress counts. */
const COUNTED = new Set<StageCommand["kind"]>(["add", "copy", "run", "workdir"]);

function unresolvedPlan(
  init: Pick<StagePlan, "label" | "base" | "span" | "locate" | "ignoreCache"> & Partial<StagePlan>,
): StagePlan {
  return {
    commands: [],
    steps: [],
    env: new Map(),
    buildArgs: [],
    usedPaths: new Set(),
    stepTotal: 0,
    stepIndex: 0,
    fromName: "",
    triggersAdded: false,
    resolved: false,
    planned: false,
    cmdSet: false,
    ...init,
  };
}

/** A stage's name for people. */
export function stageLabel(plan: StagePlan): string {
  return plan.stage === undefined ? plan.label : plan.stage.name || `number ${plan.stage.index}`;
}

/** Where `--mount=…,from=NAME` names its origin. Read before variables are expanded, since `from` takes none. */
export function mountOrigin(mount: Word): Word | undefined {
  for (const field of splitCsv(mount)) {
    const match = /^from=(.+)$/i.exec(field.text);
    if (match !== null) return { text: match[1]!, span: field.span };
  }
  return undefined;
}

/** The stages of a file and everything else that files come from, and how they depend on each other. */
export class StagePlans {
  /** In the order of the file; stages only. */
  readonly stages: StagePlan[] = [];
  readonly #byName = new Map<string, StagePlan>();
  readonly #outside = new Map<string, StagePlan>();
  readonly #file: CheckedFile;
  readonly #options: CompileOptions;
  readonly #globals: ReadonlyMap<string, string>;
  readonly #target: Platform;

  constructor(
    file: CheckedFile,
    options: CompileOptions,
    scope: { globals: ReadonlyMap<string, string>; target: Platform },
  ) {
    this.#file = file;
    this.#options = options;
    this.#globals = scope.globals;
    this.#target = scope.target;
    for (const stage of file.stages) this.#addStage(stage);
    for (const plan of this.stages)
      plan.commands = plan.stage!.commands.map((command) => this.place(command));
    this.#refuseCircles();
    // With nothing to tell it from, a stage's name is noise.
    const [only] = this.stages;
    const mounts = this.stages.some(({ commands }) =>
      commands.some(({ command }) => command.kind === "run" && command.mounts.length > 0),
    );
    // What is mounted counts as one more thing to tell it from, as with BuildKit.
    if (this.all.length === 1 && only !== undefined && !mounts) only.label = "";
  }

  get #site(): Site {
    return this.#file.tree.source;
  }

  /** Names that `--from` and `--target` know. */
  get names(): readonly string[] {
    return [...this.#byName.keys()];
  }

  /** Stages and everything outside that anything refers to. */
  get all(): readonly StagePlan[] {
    return [...this.stages, ...this.#outside.values()];
  }

  /** @throws InputError `STAGE_NOT_FOUND` */
  find(target: string): StagePlan {
    const plan = target === "" ? this.stages.at(-1) : this.#byName.get(target.toLowerCase());
    if (plan !== undefined) return plan;
    // Docker accepts the number of a stage, too.
    const byIndex = /^\d+$/.test(target) ? this.stages[Number(target)] : undefined;
    if (byIndex !== undefined) return byIndex;
    const known =
      this.names.length > 0
        ? `The ${this.names.length === 1 ? "only stage with a name is" : "stages are"} ${this.names.join(", ")}.`
        : "No stage of this file has a name.";
    throw problemError({
      code: "STAGE_NOT_FOUND",
      message: `there is no stage "${target}" in ${this.#file.tree.source.file}`,
      hint: didYouMean(target, this.names, known),
    });
  }

  #addStage(stage: Stage): void {
    const site = this.#site;
    const { from } = stage;
    const lookup = (name: string): string | undefined => this.#globals.get(name);
    const { escape } = this.#file.tree;
    const baseName = expandWord(from.image, lookup, { escape, site });
    if (baseName === "") this.#emptyBase(from.image);
    const platform = from.platform === undefined ? undefined : this.#platform(from.platform);
    const context = stage.name === "" ? undefined : this.#namedContext(stage.name, platform);
    const plan = unresolvedPlan({
      stage,
      label: stage.name || `stage-${stage.index}`,
      base: context ?? this.#base(baseName, platform),
      ...(platform === undefined ? {} : { platform }),
      span: from.node.span,
      locate: (span) => site.locate(span),
      ignoreCache: this.#options.ignoresCache(stage.name),
    });
    plan.stepTotal =
      stage.commands.filter(({ kind }) => COUNTED.has(kind)).length +
      (plan.base.kind === "image" && plan.base.customName === undefined ? 1 : 0);
    // A stage that a named context stands in for has no steps of its own.
    if (context !== undefined) Object.assign(plan, { stage: { ...stage, commands: [] }, stepTotal: 0 });
    if (plan.base.kind === "stage") plan.usedPaths = plan.base.plan.usedPaths;
    this.stages.push(plan);
    if (stage.name !== "") this.#byName.set(stage.name, plan);
  }

  #emptyBase(image: Word): never {
    const [name] = this.unsetIn(image);
    const isVariable = image.text.includes("$");
    return failAt(this.#site, image.span, {
      code: "BASE_NAME_EMPTY",
      message:
        name === undefined
          ? `the base image "${image.text}" is empty`
          : `the base image is empty: ${name} is not set`,
      hint:
        name === undefined
          ? isVariable
            ? "Give the variable a value with --build-arg, or a default before the first FROM."
            : "Write the name of an image, or scratch for none."
          : this.unsetHint(name),
    });
  }

  /** The variables in a word of FROM that have no value. */
  unsetIn(word: Word): readonly string[] {
    const { escape } = this.#file.tree;
    return [...expandText(word.text, (name) => this.#globals.get(name), { escape }).unset];
  }

  /** What to do about a variable of FROM that has no value. */
  unsetHint(name: string): string {
    const declared = this.#file.globalArgs.flatMap(({ args }) => args.map(({ key }) => key.text));
    if (declared.includes(name))
      return `Give it a default, ARG ${name}=default, or pass --build-arg ${name}=value.`;
    return didYouMean(
      name,
      [...declared, ...this.#globals.keys()],
      `Declare ARG ${name}=default before the first FROM, or pass --build-arg ${name}=value.`,
    );
  }

  #platform(word: Word): Platform {
    const lookup = (name: string): string | undefined => this.#globals.get(name);
    const text = expandWord(word, lookup, { escape: this.#file.tree.escape, site: this.#site });
    if (text === "") {
      const { unset } = expandText(word.text, lookup);
      return failAt(this.#site, word.span, {
        code: "PLATFORM_INVALID",
        message: `the platform "${word.text}" is empty`,
        hint: didYouMean(
          [...unset][0] ?? "",
          this.#globals.keys(),
          "Write for example --platform=$BUILDPLATFORM or --platform=linux/arm64.",
        ),
      });
    }
    return atPlace(this.#site, word.span, () => parsePlatform(text, { anyOs: true }));
  }

  #base(name: string, platform: Platform | undefined): Base {
    const stage = this.#byName.get(name.toLowerCase());
    if (stage !== undefined) return { kind: "stage", plan: stage };
    if (name === "scratch") return { kind: "scratch" };
    return this.#namedContext(name, platform) ?? { kind: "image", name };
  }

  /** What `--build-context name=…` says, with the platform's own entry first. */
  #namedContext(name: string, platform: Platform | undefined): Base | undefined {
    if (this.#options.namedContexts.size === 0 || /^(?:scratch|context)$/i.test(name)) return undefined;
    let familiar = name;
    try {
      familiar = familiarImageReference(parseImageReference(name)).replace(/:latest$/, "");
    } catch {
      // Not an image name: then it can only be a context as it is written.
    }
    const { os, architecture, variant } = platform ?? this.#target;
    const suffix = `::${[os, architecture, variant].filter(Boolean).join("/")}`;
    for (const key of new Set([familiar + suffix, name + suffix, familiar, name])) {
      const value = this.#options.namedContexts.get(key);
      if (value !== undefined) return contextBase(name, key, value);
    }
    return undefined;
  }

  /** Puts an instruction into a stage and finds what it takes files from. */
  place(command: StageCommand, trigger?: { readonly span: Span }): PlacedCommand {
    const source = this.#site;
    const locate =
      trigger === undefined ? (span: Span) => source.locate(span) : () => source.locate(trigger.span);
    const place = {
      command,
      locate,
      span: trigger?.span ?? command.node.span,
      isTrigger: trigger !== undefined,
    };
    return { ...place, sources: this.#sources(command, place) };
  }

  #sources(command: StageCommand, site: Site & { span: Span }): readonly (StagePlan | undefined)[] {
    if (command.kind === "copy" && command.from !== undefined) return [this.#copyFrom(command.from, site)];
    if (command.kind !== "run") return [];
    return command.mounts.map((mount) => {
      const from = mountOrigin(mount);
      return from === undefined
        ? undefined
        : (this.#byName.get(from.text.toLowerCase()) ?? this.#outsidePlan(from, site));
    });
  }

  #copyFrom(from: Word, site: Site): StagePlan {
    if (/^\d+$/.test(from.text)) {
      const plan = this.stages[Number(from.text)];
      if (plan !== undefined) return plan;
      return failAt(site, from.span, {
        code: "STAGE_NOT_FOUND",
        message: `there is no stage number ${from.text}`,
        hint: `The file has ${this.stages.length} stages, counted from 0. Names are safer than numbers.`,
      });
    }
    return this.#byName.get(from.text.toLowerCase()) ?? this.#outsidePlan(from, site);
  }

  #outsidePlan(from: Word, site: Site): StagePlan {
    const known = this.#outside.get(from.text);
    if (known !== undefined) return known;
    const base: Base =
      from.text === "scratch"
        ? { kind: "scratch" }
        : (this.#namedContext(from.text, undefined) ?? this.#image(from, site));
    const plan = unresolvedPlan({
      label: from.text,
      base,
      span: from.span,
      locate: (span) => site.locate(span),
      ignoreCache: false,
    });
    this.#outside.set(from.text, plan);
    return plan;
  }

  /** The image of a name that is to be one whether the target needs it or not. */
  #image({ text, span }: Word, site: Site): Base {
    atPlace(site, span, () => parseImageReference(text));
    return { kind: "image", name: text };
  }

  /** The stages that a stage needs directly. */
  *#needs(plan: StagePlan): Iterable<{ needed: StagePlan; by: PlacedCommand | undefined }> {
    if (plan.base.kind === "stage") yield { needed: plan.base.plan, by: undefined };
    for (const command of plan.commands)
      for (const needed of command.sources) if (needed !== undefined) yield { needed, by: command };
  }

  /** Everything that a stage needs, itself included. */
  reachable(target: StagePlan): ReadonlySet<StagePlan> {
    const found = new Set([target]);
    // A set hands out what is added while it is walked.
    for (const plan of found) for (const { needed } of this.#needs(plan)) found.add(needed);
    return found;
  }

  #refuseCircles(): void {
    const done = new Set<StagePlan>();
    for (const start of this.stages) {
      const path = new Map<StagePlan, Iterator<{ needed: StagePlan; by: PlacedCommand | undefined }>>();
      const stack = [start];
      while (stack.length > 0) {
        const plan = stack.at(-1)!;
        const needs = path.get(plan) ?? this.#needs(plan)[Symbol.iterator]();
        path.set(plan, needs);
        const next = needs.next();
        if (next.done) {
          done.add(plan);
          path.delete(plan);
          stack.pop();
        } else if (path.has(next.value.needed)) {
          const { needed, by } = next.value;
          const circle = [...stack.slice(stack.indexOf(needed)), needed].map(stageLabel).join(" → ");
          failAt(by ?? plan, this.#fromSpan(by) ?? plan.span, {
            code: "STAGE_CIRCULAR",
            message:
              needed === plan
                ? `stage ${stageLabel(plan)} takes files from itself`
                : `stages depend on each other in a circle: ${circle}`,
            hint: "Move what both need into a stage of its own.",
          });
        } else if (!done.has(next.value.needed)) stack.push(next.value.needed);
      }
    }
  }

  #fromSpan(by: PlacedCommand | undefined): Span | undefined {
    if (by?.command.kind === "copy") return by.command.from?.span;
    return by?.span;
  }
}
