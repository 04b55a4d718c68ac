import { normalizePlatform, sha256, type ImageConfig } from "@slipway/oci";
import type { Bridge } from "@slipway/frontend-sdk";
import { splitCsv } from "../commands/csv.ts";
import type { ArgCommand, EnvCommand, RunCommand } from "../commands/command.ts";
import type { CompileContext } from "../compile/compile-context.ts";
import { platformArgs } from "../compile/options.ts";
import { joinPath } from "../compile/paths.ts";
import type { PlacedCommand, StagePlan } from "../compile/plan/plan.ts";
import { resolveBases } from "../compile/plan/resolve-bases.ts";
import { expandWord } from "../compile/site-error.ts";
import { StagePlans } from "../compile/plan/stage-plans.ts";
import type { Word } from "../syntax/syntax-tree.ts";
import { readDescriptions, type Descriptions } from "./descriptions.ts";
import { readGlobalArgs, type GlobalArg, type GlobalArgs } from "./global-args.ts";
import {
  answerLocation,
  type Outline,
  type OutlineArg,
  type OutlineCache,
  type OutlineCredential,
} from "./subrequest-results.ts";

/** What one stage adds to an outline, by name. */
interface StageEntries {
  readonly args: Map<string, OutlineArg>;
  readonly secrets: Map<string, OutlineCredential>;
  readonly ssh: Map<string, OutlineCredential>;
  readonly cache: Map<string, OutlineCache>;
}

function noEntries(): StageEntries {
  return { args: new Map(), secrets: new Map(), ssh: new Map(), cache: new Map() };
}

/** Goes through the instructions of stages and notes what they can be told from outside. */
class OutlineReader {
  readonly #context: CompileContext;
  readonly #globals: GlobalArgs;
  readonly #descriptions: Descriptions;
  readonly #env = new Map<StagePlan, Map<string, string>>();
  readonly #predefined: ReadonlySet<string>;

  constructor(context: CompileContext, globals: GlobalArgs) {
    this.#context = context;
    this.#globals = globals;
    this.#descriptions = readDescriptions(context.checked.tree);
    const platform = context.request.buildPlatform;
    this.#predefined = new Set(platformArgs({ build: platform, target: platform, targetStage: "" }).keys());
  }

  description(plan: StagePlan): string | undefined {
    const { stage } = plan;
    if (stage === undefined || stage.name === "") return undefined;
    return this.#descriptions.of(stage.from.node, stage.name);
  }

  /** The base of a stage has to be read before it. */
  read(plan: StagePlan): StageEntries {
    const entries = noEntries();
    const { stage, base } = plan;
    const env =
      base.kind === "stage" ? new Map(this.#env.get(base.plan)) : environmentOf(plan.image?.config.Env ?? []);
    this.#env.set(plan, env);
    if (stage === undefined) return entries;
    for (const word of [stage.from.image, stage.from.platform])
      if (word !== undefined) for (const arg of this.#globals.usedIn(word)) this.#useGlobal(arg, entries);
    for (const placed of plan.commands) {
      const { command } = placed;
      if (command.kind === "arg") this.#arg(command, placed, { env, entries });
      else if (command.kind === "env") this.#assign(command, placed, env);
      else if (command.kind === "run") this.#mounts(command, placed, { env, entries });
    }
    return entries;
  }

  #expand(word: Word, placed: PlacedCommand, env: ReadonlyMap<string, string>): string {
    const { escape } = this.#context.checked.tree;
    return expandWord(word, (name) => env.get(name), { escape, site: placed });
  }

  #useGlobal(arg: GlobalArg, entries: StageEntries): void {
    const seen = new Set([arg]);
    // A set hands out what is added while it is walked.
    for (const each of seen) {
      if (!entries.args.has(each.name)) entries.args.set(each.name, this.#globalEntry(each));
      for (const used of each.uses) seen.add(used);
    }
  }

  #globalEntry({ node, name, value }: GlobalArg): OutlineArg {
    const location = answerLocation(this.#context.checked.tree.source.locate(node.span));
    const description = this.#descriptions.of(node, name);
    return { name, ...(description ? { description } : {}), ...(value ? { value } : {}), location };
  }

  #arg(
    command: ArgCommand,
    placed: PlacedCommand,
    { env, entries }: { env: Map<string, string>; entries: StageEntries },
  ): void {
    for (const { key, value: word } of command.args) {
      const name = key.text;
      const given = this.#context.options.buildArgs.get(name);
      const global = this.#globals.declared.get(name);
      const own = given ?? (word === undefined ? undefined : this.#expand(word, placed, env));
      const value = own ?? this.#globals.values.get(name);
      if (value !== undefined) env.set(name, value);
      if (own === undefined && global?.value !== undefined) {
        this.#useGlobal(global, entries);
        continue;
      }
      // The last declaration in a stage is the one that counts.
      entries.args.delete(name);
      // What the builder sets itself is not for people to set.
      if (own === undefined && this.#predefined.has(name)) continue;
      const description = this.#descriptions.of(command.node, name);
      const location = answerLocation(placed.locate(placed.span));
      entries.args.set(name, {
        name,
        ...(description ? { description } : {}),
        ...(value ? { value } : {}),
        location,
      });
    }
  }

  #assign(command: EnvCommand, placed: PlacedCommand, env: Map<string, string>): void {
    const pairs = command.pairs.map(({ key, value }) => [
      this.#expand(key, placed, env),
      this.#expand(value, placed, env),
    ]);
    for (const [key, value] of pairs) env.set(key!, value!);
  }

  #mounts(
    command: RunCommand,
    placed: PlacedCommand,
    { env, entries }: { env: ReadonlyMap<string, string>; entries: StageEntries },
  ): void {
    const location = answerLocation(placed.locate(placed.span));
    for (const mount of command.mounts) {
      const fields = new Map<string, string>();
      for (const field of splitCsv(mount)) {
        const [key = "", ...rest] = field.text.split("=");
        const value = this.#expand({ text: rest.join("="), span: field.span }, placed, env);
        fields.set(key.toLowerCase(), rest.length === 0 ? "true" : value);
      }
      const target = fields.get("target") ?? fields.get("dst") ?? fields.get("destination") ?? "";
      const type = fields.get("type")?.toLowerCase();
      const id = fields.get("id") || fields.get("source") || fields.get("src") || "";
      const required = isTrue(fields.get("required")) ? { required: true as const } : {};
      if (type === "secret") {
        const name = id || (target.replace(/\/+$/, "").split("/").at(-1) ?? "");
        if (!entries.secrets.has(name)) entries.secrets.set(name, { name, ...required, location });
      } else if (type === "ssh") {
        const name = fields.get("id") || "default";
        if (!entries.ssh.has(name)) entries.ssh.set(name, { name, ...required, location });
      } else if (type === "cache") {
        const name = fields.get("id") || joinPath("/", target);
        if (!entries.cache.has(name)) entries.cache.set(name, { ID: name, location });
      }
    }
  }
}

function isTrue(value: string | undefined): boolean {
  return value !== undefined && /^(?:1|t|true)$/i.test(value);
}

function environmentOf(entries: readonly string[]): Map<string, string> {
  const env = new Map<string, string>();
  for (const entry of entries) {
    const split = entry.indexOf("=");
    if (split < 0) env.set(entry, "");
    else env.set(entry.slice(0, split), entry.slice(split + 1));
  }
  return env;
}

/** Stages in the order in which their entries count: the target, its base, the base's base, …, then what they copy from. */
function byPrecedence(target: StagePlan): StagePlan[] {
  const found = new Set<StagePlan>();
  const stack = [target];
  for (let plan = stack.pop(); plan !== undefined; plan = stack.pop()) {
    if (found.has(plan)) continue;
    found.add(plan);
    const sources = plan.commands.flatMap((command) =>
      command.sources.filter((source) => source !== undefined),
    );
    // On top of the stack is what comes next: the base, else the last stage of the file.
    stack.push(...sources.sort((a, b) => (a.stage?.index ?? -1) - (b.stage?.index ?? -1)));
    if (plan.base.kind === "stage") stack.push(plan.base.plan);
  }
  return [...found];
}

/** A bridge to which an image that cannot be asked about is an empty one, of which it warns. */
function lenient(bridge: Bridge, signal: AbortSignal): Bridge {
  const resolveImageConfig: Bridge["resolveImageConfig"] = async (name, options) => {
    try {
      return await bridge.resolveImageConfig(name, options);
    } catch (error) {
      if (signal.aborted) throw error;
      const cause = error instanceof Error ? error.message : String(error);
      bridge.warn({
        severity: "warning",
        code: "IMAGE_UNKNOWN",
        message: `what the image ${name} sets and triggers is not in the outline: ${cause}`,
        hint: "Check its name, or ask again when its registry can be reached.",
      });
      const { architecture, os } = options.platform;
      const config: ImageConfig = { architecture, os, config: {}, rootfs: { type: "layers", diff_ids: [] } };
      return { ref: name, digest: sha256(name), config };
    }
  };
  return new Proxy(bridge, {
    get(target, key) {
      if (key === "resolveImageConfig") return resolveImageConfig;
      const value: unknown = Reflect.get(target, key, target);
      return typeof value === "function" ? (value.bind(target) as unknown) : value;
    },
  });
}

function sorted<T extends { readonly location: OutlineArg["location"] }>(
  entries: Map<string, T>,
): readonly T[] {
  const lineOf = ({ location }: T): number => location.ranges[0]!.start.line;
  return [...entries.values()].sort((a, b) => lineOf(a) - lineOf(b));
}

/**
 * What the target of a request can be told from outside: it and everything that it needs.
 * Values are those of the first platform. An image that cannot be asked about is a warning.
 * @throws InputError `STAGE_NOT_FOUND`, and what a build throws about stages and variables
 */
export async function collectOutline(context: CompileContext): Promise<Outline> {
  const { request, options, checked, file, signal } = context;
  const platform = normalizePlatform(request.platforms[0]!);
  const globals = readGlobalArgs(context, platform);
  const plans = new StagePlans(checked, options, { globals: new Map(globals.values), target: platform });
  const target = plans.find(options.target);
  const bridge = lenient(context.bridge, signal);
  const needed = await resolveBases(target, { ...context, bridge, plans, platform });

  const reader = new OutlineReader(context, globals);
  const entriesOf = new Map<StagePlan, StageEntries>();
  // In the order of the file, so that bases come before what is based on them.
  for (const plan of plans.all) if (needed.has(plan)) entriesOf.set(plan, reader.read(plan));

  const all = noEntries();
  for (const plan of byPrecedence(target)) {
    const entries = entriesOf.get(plan);
    if (entries === undefined) continue;
    for (const kind of ["args", "secrets", "ssh", "cache"] as const) {
      const merged = all[kind] as Map<string, unknown>;
      for (const [name, entry] of entries[kind]) if (!merged.has(name)) merged.set(name, entry);
    }
  }
  const name = target.stage?.name;
  const description = reader.description(target);
  return {
    ...(name ? { name } : {}),
    ...(description ? { description } : {}),
    ...(all.args.size > 0 ? { args: sorted(all.args) } : {}),
    ...(all.secrets.size > 0 ? { secrets: sorted(all.secrets) } : {}),
    ...(all.ssh.size > 0 ? { ssh: sorted(all.ssh) } : {}),
    ...(all.cache.size > 0 ? { cache: sorted(all.cache) } : {}),
    sources: [Buffer.from(file.bytes).toString("base64")],
  };
}
