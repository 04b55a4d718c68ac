import type {
  DockerfileTree,
  InstructionNode,
  Pair,
  Span,
  Word,
} from "@slipway/frontend-dockerfile/language";
import { logicalTextAt } from "./logical-text.ts";
import { scanVariables, type VariableUse } from "./scan-variables.ts";
import { innermost, type StageIndex, type StageInfo } from "./stages.ts";

/** ARG or ENV of one variable. */
export interface VariableDeclaration {
  readonly kind: "arg" | "env";
  readonly name: string;
  readonly nameSpan: Span;
  readonly value?: Word;
  readonly node: InstructionNode;
  /** Absent before the first FROM. */
  readonly stage?: StageInfo;
}

/** A place that uses a variable. */
export interface VariableReference {
  readonly name: string;
  readonly nameSpan: Span;
  readonly node: InstructionNode;
  readonly stage?: StageInfo;
  /** What gives it its value; absent when the file does not declare it before this place. */
  readonly declaration?: VariableDeclaration;
}

/** Stages deeper than this are not looked into for what they hand down; only a hostile file has as many. */
const MAX_ANCESTORS = 1000;

const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

type Names = Map<string, VariableDeclaration>;

interface Scope {
  readonly stage?: StageInfo;
  readonly parent?: Scope;
  readonly args: Names;
  readonly env: Names;
  /** What ONBUILD declares, for triggers. */
  readonly triggerArgs: Names;
  readonly triggerEnv: Names;
}

/** The variables of a file: where they are declared and used. */
export class VariableIndex {
  /** In the order of the file. */
  readonly declarations: VariableDeclaration[] = [];
  /** In the order of the file. */
  readonly references: VariableReference[] = [];
  readonly #tree: DockerfileTree;
  readonly #globals: Scope = newScope();
  readonly #commentStarts: readonly number[];

  constructor(tree: DockerfileTree, stages: StageIndex) {
    this.#tree = tree;
    this.#commentStarts = tree.comments.map(({ span }) => span.start);
    for (const node of stages.preamble) this.#visit(node, this.#globals);
    const scopes = new Map<StageInfo, Scope>();
    for (const stage of stages.stages) {
      const parent = stage.parent && scopes.get(stage.parent);
      const scope: Scope = { ...newScope(), stage, ...(parent === undefined ? {} : { parent }) };
      scopes.set(stage, scope);
      for (const use of this.#scan(stage.from)) this.#use(use, stage.from, this.#globals, stage);
      for (const node of stage.instructions) this.#visit(node, scope);
    }
  }

  /** The variable whose declaration or use an offset is in or right behind. */
  at(offset: number):
    | {
        readonly name: string;
        readonly span: Span;
        readonly declaration?: VariableDeclaration;
        readonly reference?: VariableReference;
      }
    | undefined {
    const touches = ({ nameSpan }: { nameSpan: Span }): boolean =>
      nameSpan.start <= offset && offset <= nameSpan.end;
    const declaration = this.declarations.find(touches);
    if (declaration !== undefined) return { name: declaration.name, span: declaration.nameSpan, declaration };
    const reference = this.references.find(touches);
    if (reference === undefined) return undefined;
    const target = reference.declaration;
    return {
      name: reference.name,
      span: reference.nameSpan,
      reference,
      ...(target === undefined ? {} : { declaration: target }),
    };
  }

  /** What ARG of a stage without a default takes its value from: the ARG of the same name before the first FROM. */
  globalOf(declaration: VariableDeclaration): VariableDeclaration | undefined {
    return declaration.kind === "arg" && declaration.stage !== undefined
      ? this.#globals.args.get(declaration.name)
      : undefined;
  }

  /** ARG before the first FROM, by name. */
  get globals(): ReadonlyMap<string, VariableDeclaration> {
    return this.#globals.args;
  }

  /**
   * What is one variable with this one: every ARG of the file with its name, since `--build-arg` sets all of them;
   * every ENV with its name in stages that build on each other.
   */
  family(declaration: VariableDeclaration): readonly VariableDeclaration[] {
    const root = rootOf(declaration.stage);
    return this.declarations.filter(
      ({ kind, name, stage }) =>
        kind === declaration.kind && name === declaration.name && (kind === "arg" || rootOf(stage) === root),
    );
  }

  /** The uses of variables of a family. */
  usesOf(family: readonly VariableDeclaration[]): readonly VariableReference[] {
    const members = new Set(family);
    return this.references.filter((use) => use.declaration !== undefined && members.has(use.declaration));
  }

  /** What is declared and can be used at an offset, the nearest declaration of each name. */
  visibleAt(
    offset: number,
    place: { readonly stage: StageInfo | undefined; readonly inFrom: boolean },
  ): readonly VariableDeclaration[] {
    const visible = new Map<string, VariableDeclaration>();
    const ancestors = new Set<StageInfo | undefined>();
    if (place.inFrom || place.stage === undefined) ancestors.add(undefined);
    else {
      let stage: StageInfo | undefined = place.stage;
      for (let depth = 0; stage !== undefined && depth < MAX_ANCESTORS; depth++, stage = stage.parent)
        ancestors.add(stage);
    }
    for (const declaration of this.declarations) {
      const site = this.#tree.source.siteOf(declaration.node.span);
      if (site.end > offset || !ancestors.has(declaration.stage)) continue;
      const hidden = visible.get(declaration.name);
      if (hidden?.kind === "env" && declaration.kind === "arg") continue;
      visible.set(declaration.name, declaration);
    }
    return [...visible.values()];
  }

  #visit(node: InstructionNode, scope: Scope): void {
    const inner = innermost(node);
    const uses = this.#scan(node);
    let next = 0;
    const useUpTo = (end: number): void => {
      for (; next < uses.length && uses[next]!.nameSpan.start < end; next++)
        this.#use(uses[next]!, node, scope);
    };
    const declares = (inner.name === "arg" || inner.name === "env") && inner.arguments.form === "pairs";
    // Arguments are declared one after the other, even in one instruction; variables of one ENV all at once.
    if (inner.name !== "arg") useUpTo(Infinity);
    if (declares) {
      for (const pair of inner.arguments.pairs) {
        useUpTo(pair.span.end);
        this.#declare(pair, node, scope);
      }
    }
    useUpTo(Infinity);
  }

  #declare({ key, value }: Pair, node: InstructionNode, scope: Scope): void {
    if (!NAME.test(key.text) || key.span.end - key.span.start !== key.text.length) return;
    const inner = innermost(node);
    const kind = inner.name === "arg" ? "arg" : "env";
    const declaration: VariableDeclaration = {
      kind,
      name: key.text,
      nameSpan: key.span,
      ...(value === undefined ? {} : { value }),
      node,
      ...(scope.stage === undefined ? {} : { stage: scope.stage }),
    };
    this.declarations.push(declaration);
    const [args, env] = inner === node ? [scope.args, scope.env] : [scope.triggerArgs, scope.triggerEnv];
    (kind === "arg" ? args : env).set(key.text, declaration);
  }

  #use({ name, nameSpan }: VariableUse, node: InstructionNode, scope: Scope, stage = scope.stage): void {
    const declaration = resolve(name, scope, node);
    this.references.push({
      ...{ name, nameSpan, node },
      ...(stage === undefined ? {} : { stage }),
      ...(declaration === undefined ? {} : { declaration }),
    });
  }

  #scan(node: InstructionNode): readonly VariableUse[] {
    const inner = innermost(node);
    const { name } = inner;
    if (name === "shell" || name === "maintainer") return [];
    const { text } = this.#tree.source;
    const isCommand = ["run", "cmd", "entrypoint", "healthcheck"].includes(name);
    const { escape } = this.#tree;
    const start = inner.keyword.span.end;
    const uses: VariableUse[] = [];
    const scan = (range: Span, syntax: "shell" | "docker"): void => {
      if (text.slice(range.start, range.end).includes("$"))
        for (const use of scanVariables(text, range, { escape, syntax })) uses.push(use);
    };
    if (inner.heredocs.length === 0) scan({ start, end: inner.span.end }, isCommand ? "shell" : "docker");
    else {
      const { end } = logicalTextAt(text, inner.span.start, escape);
      scan({ start, end }, isCommand ? "shell" : "docker");
      // Quotes mean nothing in a here-document.
      for (const { expand, body } of inner.heredocs) if (isCommand || expand) scan(body, "shell");
    }
    return uses.filter(({ nameSpan }) => !this.#isInComment(nameSpan.start, inner.span.start));
  }

  #isInComment(offset: number, from: number): boolean {
    const starts = this.#commentStarts;
    let low = 0;
    let high = starts.length - 1;
    while (low <= high) {
      const middle = (low + high) >> 1;
      if (starts[middle]! <= offset) low = middle + 1;
      else high = middle - 1;
    }
    const comment = this.#tree.comments[high];
    return comment !== undefined && comment.span.start >= from && offset < comment.span.end;
  }
}

function newScope(): Scope {
  return { args: new Map(), env: new Map(), triggerArgs: new Map(), triggerEnv: new Map() };
}

function rootOf(stage: StageInfo | undefined): StageInfo | undefined {
  return stage?.root ?? stage;
}

/** ENV counts before ARG, a stage before those that it builds on. */
function resolve(name: string, scope: Scope, node: InstructionNode): VariableDeclaration | undefined {
  const inner = innermost(node);
  const seesArgs = !["cmd", "entrypoint", "healthcheck"].includes(inner.name);
  if (inner !== node) {
    const declared = scope.triggerEnv.get(name) ?? scope.triggerArgs.get(name);
    if (declared !== undefined) return declared;
  }
  return find(name, scope, "env") ?? (seesArgs && inner === node ? find(name, scope, "args") : undefined);
}

function find(name: string, scope: Scope, names: "args" | "env"): VariableDeclaration | undefined {
  let current: Scope | undefined = scope;
  for (let depth = 0; current !== undefined && depth < MAX_ANCESTORS; depth++, current = current.parent) {
    const found = current[names].get(name);
    if (found !== undefined) return found;
  }
  return undefined;
}
