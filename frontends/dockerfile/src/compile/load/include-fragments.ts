import { InputError, type SourceLocation } from "@slipway/oci";
import { readInclude, type IncludeCommand } from "../../commands/include.ts";
import { didYouMean } from "../../did-you-mean.ts";
import type { DockerfileErrorCode, Problem } from "../../problems.ts";
import { SourceText, type Fragment, type Span } from "../../syntax/source-text.ts";
import type { Comment, DockerfileTree, InstructionNode } from "../../syntax/syntax-tree.ts";
import type { AnnotatedFile } from "./commit-points.ts";

/** How deep fragments may include fragments, and how many a file may bring in. */
const MAX_DEPTH = 10;
const MAX_FRAGMENTS = 100;

/** A fragment as it was found. `Root` is whatever the loader wants to see again. */
export interface LoadedFragment<Root> {
  readonly kind: "fragment";
  readonly text: string;
  /** Its name in errors; the same for the same file. */
  readonly label: string;
  /** What it is a file of. */
  readonly root: Root;
  /** Where its paths that begin with `./` or `../` begin; relative to the root. */
  readonly folder: string;
}

/** A fragment that cannot be looked into: its INCLUDE stays in the tree, since it may hold anything. */
export interface UnknownFragment {
  readonly kind: "unknown";
  /** What is wrong with it, if there is something to say. */
  readonly problem?: Omit<Problem, "location">;
}

/** Finds the files that INCLUDE names. */
export interface FragmentLoader<Root> {
  /** Where the build file's own fragments are. */
  readonly context: Root;
  /**
   * @param from what the file with the INCLUDE is of
   * @throws InputError without a location, when there is no such fragment
   */
  load(
    source: string,
    from: { readonly root: Root; readonly folder: string },
  ): Loading<LoadedFragment<Root> | UnknownFragment>;
}

type Loading<T> = T | Promise<T>;

export interface IncludeOptions<Root> {
  readonly problems: Problem[];
  readonly sources: FragmentLoader<Root>;
  readonly parse: (
    text: string,
    options: { readonly file: string; readonly problems: Problem[] },
  ) => Loading<AnnotatedFile>;
}

/** What waits for something now and then; whoever runs it decides how. */
type Stepwise<T> = Generator<unknown, T, unknown>;

/** Yields what may be a promise and gives what it comes to. */
function* settled<T>(value: Loading<T>): Stepwise<T> {
  return (yield value) as T;
}

/** A copy in which every range is moved. */
function moved<T>(value: T, by: number): T {
  if (Array.isArray(value)) return value.map((item) => moved(item as unknown, by)) as T;
  if (value === null || typeof value !== "object") return value;
  const { start, end } = value as Partial<Span>;
  if (typeof start === "number" && typeof end === "number") return { start: start + by, end: end + by } as T;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, moved(item, by)])) as T;
}

/** The problem's place, with `origin` at the end of what brought it in. */
function broughtInBy(location: SourceLocation, origin: SourceLocation): SourceLocation {
  const { includedFrom } = location;
  return {
    ...location,
    includedFrom: includedFrom === undefined ? origin : broughtInBy(includedFrom, origin),
  };
}

/** What is being included, from the build file inwards. */
interface Site<Root> {
  readonly root: Root;
  readonly folder: string;
  readonly chain: readonly string[];
}

class Includer<Root> {
  readonly fragments: Fragment[] = [];
  readonly comments: Comment[];
  readonly commits: Set<InstructionNode>;
  readonly #tree: DockerfileTree;
  readonly #options: IncludeOptions<Root>;
  #length: number;

  constructor({ tree, commits }: AnnotatedFile, options: IncludeOptions<Root>) {
    this.#tree = tree;
    this.#options = options;
    this.comments = [...tree.comments];
    this.commits = new Set(commits);
    this.#length = tree.source.text.length;
  }

  /** The build file with all that is included so far. */
  get source(): SourceText {
    const { file, text, hasByteOrderMark } = this.#tree.source;
    return new SourceText(file, (hasByteOrderMark ? "\uFEFF" : "") + text, this.fragments);
  }

  #report(span: Span, problem: Omit<Problem, "location">): void {
    this.#options.problems.push({ ...problem, location: this.source.locate(span) });
  }

  /** All of a build file. */
  *run(): Stepwise<AnnotatedFile> {
    const site: Site<Root> = { root: this.#options.sources.context, folder: ".", chain: [] };
    const instructions = yield* this.#splice(this.#tree.instructions, site);
    const tree = { ...this.#tree, source: this.source, instructions, comments: this.comments };
    return { tree, commits: this.commits };
  }

  *#splice(nodes: readonly InstructionNode[], site: Site<Root>): Stepwise<InstructionNode[]> {
    const result: InstructionNode[] = [];
    for (const node of nodes) {
      if (node.name === "include") for (const each of yield* this.#include(node, site)) result.push(each);
      else result.push(node);
    }
    return result;
  }

  *#include(node: InstructionNode, site: Site<Root>): Stepwise<readonly InstructionNode[]> {
    const { escape } = this.#tree;
    const { problems } = this.#options;
    const command = readInclude(node, { source: this.source, escape, problems });
    if (command === undefined) return [];
    const { span } = command.source;
    try {
      const loaded = yield* settled(this.#options.sources.load(command.source.text, site));
      if (loaded.kind === "unknown") {
        if (loaded.problem !== undefined) this.#report(span, loaded.problem);
        return [node];
      }
      const problem = this.#limits(loaded.label, site);
      if (problem !== undefined) return (this.#report(span, problem), []);
      const nodes = yield* this.#add(loaded, node.span);
      this.#assign(nodes, command, loaded.label);
      return yield* this.#splice(nodes, { ...loaded, chain: [...site.chain, loaded.label] });
    } catch (error) {
      if (!(error instanceof InputError) || error.location !== undefined) throw error;
      const { code, message, hint } = error;
      this.#report(span, {
        code: code as DockerfileErrorCode,
        message,
        ...(hint === undefined ? {} : { hint }),
      });
      return [];
    }
  }

  #limits(
    label: string,
    { chain }: Site<Root>,
  ): { code: DockerfileErrorCode; message: string; hint: string } | undefined {
    if (chain.includes(label)) {
      const circle = [...chain.slice(chain.indexOf(label)), label].join(" → ");
      return {
        code: "INCLUDE_CIRCULAR",
        message: `fragments include each other in a circle: ${circle}`,
        hint: "Remove one of the INCLUDE instructions.",
      };
    }
    if (chain.length < MAX_DEPTH && this.fragments.length < MAX_FRAGMENTS) return undefined;
    return {
      code: "INCLUDE_INVALID",
      message:
        chain.length < MAX_DEPTH
          ? `more than ${MAX_FRAGMENTS} fragments are included`
          : `fragments include each other more than ${MAX_DEPTH} deep`,
      hint: "Put fragments together.",
    };
  }

  /** Parses a fragment and gives it a place behind all that is there. */
  *#add(
    loaded: { readonly text: string; readonly label: string },
    includedAt: Span,
  ): Stepwise<InstructionNode[]> {
    const found: Problem[] = [];
    const { tree, commits } = yield* settled(
      this.#options.parse(loaded.text, { file: loaded.label, problems: found }),
    );
    const origin = this.source.locate(includedAt);
    for (const { location, ...problem } of found) {
      const place = location === undefined ? origin : broughtInBy(location, origin);
      this.#options.problems.push({ ...problem, location: place });
    }
    const start = this.#length + 1;
    this.fragments.push({ file: loaded.label, text: tree.source.text, includedAt });
    this.#length = start + tree.source.text.length;
    if (tree.escape !== this.#tree.escape) {
      this.#report(
        { start, end: start },
        {
          code: "INCLUDE_INVALID",
          message: `${loaded.label} has ${tree.escape} as its escape character, the file that includes it ${this.#tree.escape}`,
          hint: "Write the same escape directive at the top of both.",
        },
      );
    }
    for (const comment of tree.comments) this.comments.push(moved(comment, start));
    return tree.instructions.map((node) => {
      const own = moved(node, start);
      if (commits.has(node)) this.commits.add(own);
      return own;
    });
  }

  /** Puts the values of INCLUDE in the place of the fragment's defaults. */
  #assign(nodes: InstructionNode[], command: IncludeCommand, label: string): void {
    const declared = new Set<string>();
    const given = new Map(command.args.map(({ key, value }) => [key.text, value]));
    for (const [index, node] of nodes.entries()) {
      const { arguments: args } = node;
      if (node.name !== "arg" || args.form !== "pairs") continue;
      const pairs = args.pairs.map((pair) => {
        declared.add(pair.key.text);
        const value = given.get(pair.key.text);
        return value === undefined ? pair : { ...pair, separator: "=" as const, value };
      });
      const own = { ...node, arguments: { ...args, pairs } };
      nodes[index] = own;
      if (this.commits.delete(node)) this.commits.add(own);
    }
    for (const { key } of command.args) {
      if (declared.has(key.text)) continue;
      const known = [...declared].join(", ");
      this.#report(key.span, {
        code: "INCLUDE_ARGUMENT",
        message: `${label} has no argument ${key.text}`,
        hint: didYouMean(
          key.text,
          declared,
          known === "" ? `Write ARG ${key.text} there.` : `Its arguments are ${known}.`,
        ),
      });
    }
  }
}

/**
 * Puts fragments in the place of the INCLUDE instructions that bring them in. Every instruction keeps its own place: the
 * new tree's source text holds all files. Mistakes are added to `options.problems`.
 */
export async function includeFragments<Root>(
  file: AnnotatedFile,
  options: IncludeOptions<Root>,
): Promise<AnnotatedFile> {
  const steps = new Includer(file, options).run();
  let step = steps.next();
  while (step.done !== true) {
    try {
      step = steps.next(await step.value);
    } catch (error) {
      step = steps.throw(error);
    }
  }
  return step.value;
}

/** The same, for a loader and a parser that give no promises. */
export function includeFragmentsNow<Root>(file: AnnotatedFile, options: IncludeOptions<Root>): AnnotatedFile {
  const steps = new Includer(file, options).run();
  let step = steps.next();
  while (step.done !== true) step = steps.next(step.value);
  return step.value;
}
