import { InputError, parseImageReference } from "@slipway/oci";
import { nearestName } from "../did-you-mean.ts";
import type { DockerfileErrorCode, Problem } from "../problems.ts";
import type { Word } from "../syntax/syntax-tree.ts";
import { hasUnknownFragments } from "../syntax/unknown-fragments.ts";
import type { StageCommand } from "./command.ts";
import { splitCsv } from "./csv.ts";
import type { CheckedFile, Stage } from "./stages.ts";

/** How many names are compared for "did you mean" in a file: more are in no file of a person. */
const MAX_COMPARED = 100_000;

/** What can be the name of a stage, in lower case or not. */
const STAGE_NAME = /^[a-z][a-z0-9-_.]*$/i;

/** Where an instruction names a stage or image that it takes files from. */
export function originsOf(command: StageCommand): readonly Word[] {
  if (command.kind === "copy" && command.from !== undefined) return [command.from];
  if (command.kind !== "run") return [];
  return command.mounts.flatMap((mount) =>
    splitCsv(mount).flatMap((field) => {
      const name = /^from=(.+)$/i.exec(field.text)?.[1];
      if (name === undefined) return [];
      const exact = field.span.end - field.span.start === field.text.length;
      const start = exact ? field.span.end - name.length : field.span.start;
      return [{ text: name, span: { start, end: field.span.end } }];
    }),
  );
}

/** Checks how the stages of a file refer to each other and to images, as far as that is known without a context. */
class ReferenceChecker {
  readonly #file: CheckedFile;
  readonly #problems: Problem[];
  /** The last stage of each name, in lower case. */
  readonly #byName = new Map<string, Stage>();
  /** False when a FROM has a mistake: then stages and numbers are missing. */
  readonly #isWhole: boolean;
  /** True when fragments were not put in, which may hold stages. */
  readonly #isOpen: boolean;

  #compared = 0;

  constructor(file: CheckedFile, problems: Problem[]) {
    this.#file = file;
    this.#problems = problems;
    this.#isOpen = hasUnknownFragments(file.tree);
    this.#isWhole =
      !this.#isOpen &&
      file.tree.instructions.filter(({ name }) => name === "from").length === file.stages.length;
    for (const stage of file.stages) if (stage.name !== "") this.#byName.set(stage.name, stage);
  }

  #report(word: Word, problem: Omit<Problem, "location" | "hint"> & { hint: string }): void {
    this.#problems.push({ ...problem, location: this.#file.tree.source.locate(word.span) });
  }

  /** FROM names a stage before it, or an image. */
  base(stage: Stage, before: ReadonlySet<string>): void {
    const { image } = stage.from;
    if (/[$'"\\`]/.test(image.text) || image.text === "scratch" || before.has(image.text.toLowerCase()))
      return;
    this.#isImage(image, before);
  }

  /** Whether an image can have the name; reports it when none can. `stages` are the names that may have been meant. */
  #isImage(word: Word, stages: Iterable<string> = this.#byName.keys()): boolean {
    try {
      parseImageReference(word.text);
      return true;
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      if (this.#isOpen && STAGE_NAME.test(word.text)) return false;
      const nearest = nearestName(word.text, stages);
      this.#report(word, {
        code: error.code as DockerfileErrorCode,
        message: error.message,
        hint: nearest === undefined ? (error.hint ?? "") : `Did you mean the stage ${nearest}?`,
      });
      return false;
    }
  }

  /** `--from` and mounts name a stage before this one, its number, or an image. */
  origin(stage: Stage, command: StageCommand, word: Word): void {
    const { stages } = this.#file;
    const isNumber = command.kind === "copy" && /^\d+$/.test(word.text);
    if (isNumber && !this.#isWhole) return;
    const named = isNumber ? stages[Number(word.text)] : this.#byName.get(word.text.toLowerCase());
    if (named === undefined && isNumber) {
      this.#report(word, {
        code: "STAGE_NOT_FOUND",
        message: `there is no stage number ${word.text}`,
        hint: `The file has ${stages.length} stages, counted from 0. Names are safer than numbers.`,
      });
    } else if (named === undefined) {
      if (!word.text.includes("$") && !this.#isImage(word)) return;
      this.#compared += this.#byName.size;
      if (!this.#isWhole || this.#compared > MAX_COMPARED) return;
      const nearest = nearestName(word.text, this.#byName.keys());
      if (nearest === undefined || /[/:.@$]/.test(word.text)) return;
      this.#report(word, {
        code: "STAGE_NOT_FOUND",
        message: `there is no stage "${word.text}": it is taken for an image`,
        hint: `Did you mean the stage ${nearest}?`,
        severity: "warning",
      });
    } else if (named.index === stage.index) {
      this.#report(word, {
        code: "STAGE_CIRCULAR",
        message: `stage ${stage.name || `number ${stage.index}`} takes files from itself`,
        hint: "Move what both need into a stage of its own.",
      });
    } else if (named.index > stage.index) {
      this.#report(word, {
        code: "STAGE_NOT_READY",
        message: `stage ${word.text} comes after this one`,
        hint: "Move it before this stage.",
      });
    }
  }
}

/** Checks that every FROM names a stage before it, or what may be an image. */
export function checkBases(file: CheckedFile, problems: Problem[]): void {
  const checker = new ReferenceChecker(file, problems);
  const before = new Set<string>();
  for (const stage of file.stages) {
    checker.base(stage, before);
    if (stage.name !== "") before.add(stage.name);
  }
}

/**
 * Checks what FROM, `--from` and `from=` of mounts name: images that cannot exist, numbers and orders of stages that
 * make no sense. What is close to a stage's name but none is a warning, since it may be an image.
 */
export function checkReferences(file: CheckedFile, problems: Problem[]): void {
  checkBases(file, problems);
  const checker = new ReferenceChecker(file, problems);
  for (const stage of file.stages) {
    for (const command of stage.commands)
      for (const word of originsOf(command)) checker.origin(stage, command, word);
  }
}

/** The other references of a file that lead nowhere, when an error is about one of them. */
export function otherReferences(
  error: Pick<Problem, "location"> & { readonly code: string },
  file: CheckedFile,
): readonly Problem[] {
  if (!/^STAGE_/.test(error.code) || error.location === undefined) return [];
  const problems: Problem[] = [];
  checkReferences(file, problems);
  return problems.filter(
    ({ severity, location }) => severity !== "warning" && location?.line !== error.location?.line,
  );
}
