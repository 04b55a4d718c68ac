import { formatPlatform, unreachable } from "@slipway/oci";
import { formatDurationNs } from "../../commands/duration.ts";
import type {
  ArgCommand,
  Assignment,
  CmdCommand,
  HealthcheckCommand,
  ListCommand,
  TextCommand,
} from "../../commands/command.ts";
import { didYouMean } from "../../did-you-mean.ts";
import { expandText, type ExpandOptions, type Lookup } from "../../expand/expand.ts";
import type { Word } from "../../syntax/syntax-tree.ts";
import { goList, goQuoteList } from "./go-format.ts";
import { ImageDraft } from "./image-draft.ts";
import type { CompileOptions } from "../options.ts";
import { joinPath } from "../paths.ts";
import type { PlacedCommand, StagePlan } from "./plan.ts";
import { planCopy } from "./plan-copy.ts";
import { planRun } from "./plan-run.ts";
import { parsePorts } from "./ports.ts";
import { isSignal, SIGNAL_NAMES } from "./signals.ts";
import type { PlanScope, StepPlanner } from "./step-planner.ts";
import { expandToWords, expandWord, failAt } from "../site-error.ts";

/** Plans one stage: the instructions change the image config and the environment, or become steps. */
export class StagePlanner implements StepPlanner {
  readonly plan: StagePlan;
  readonly scope: PlanScope;
  readonly image: ImageDraft;
  cwd = "/";

  constructor(plan: StagePlan, scope: PlanScope) {
    this.plan = plan;
    this.scope = scope;
    this.image = this.#inherit();
    plan.fromName = plan.base.kind === "image" ? imageName(plan, scope.options) : "";
    this.image.ensurePath();
    for (const entry of this.image.config.Env ?? []) {
      const split = entry.indexOf("=");
      if (split < 0) this.setVariable(entry, "");
      else this.setVariable(entry.slice(0, split), entry.slice(split + 1));
    }
    const { WorkingDir } = this.image.config;
    if (WorkingDir) {
      this.cwd = WorkingDir.startsWith("/") ? WorkingDir : joinPath("/", WorkingDir);
      this.image.config.WorkingDir = this.cwd;
    }
  }

  #inherit(): ImageDraft {
    const { plan, scope } = this;
    const { base } = plan;
    if (base.kind !== "stage")
      return (plan.image ??= ImageDraft.empty(scope.platform, scope.options.sourceDateEpoch));
    plan.image = base.plan.image!.fork(scope.options.sourceDateEpoch);
    plan.baseConfig = base.plan.baseConfig;
    plan.platform ??= base.plan.platform;
    plan.env = new Map(base.plan.env);
    plan.buildArgs = [...base.plan.buildArgs];
    plan.platform = base.plan.platform;
    return plan.image;
  }

  /** Later assignments stand behind earlier ones. */
  setVariable(key: string, value: string): void {
    this.plan.env.delete(key);
    this.plan.env.set(key, value);
  }

  readonly lookup: Lookup = (name) => this.plan.env.get(name);

  expand(word: Word, placed: PlacedCommand): string {
    return expandWord(word, this.lookup, { escape: this.scope.escape, site: placed });
  }

  stepName(placed: PlacedCommand, text: string, options: ExpandOptions = {}): string {
    let name = text;
    try {
      name = expandText(text, this.lookup, { escape: this.scope.escape, ...options }).text;
    } catch {
      // Names are for people; one with an odd quote is shown as it is written.
    }
    const space = name.search(/[ \t]/);
    const upper = space < 0 ? name.toUpperCase() : name.slice(0, space).toUpperCase() + name.slice(space);
    return stepPrefix(this.plan, this.scope.options) + (placed.isTrigger ? "ONBUILD " : "") + upper;
  }

  run(): void {
    const { commits } = this.scope;
    for (const placed of this.plan.commands) {
      this.#command(placed);
      if (commits?.has(placed.command.node)) this.#commitLayers();
    }
    if (commits !== undefined) this.#commitLayers();
    this.plan.planned = true;
  }

  /** What was done since the last commit becomes one layer. */
  #commitLayers(): void {
    const last = this.plan.steps.at(-1);
    if (last !== undefined) last.commit = true;
    this.image.mergeLayers();
  }

  #command(placed: PlacedCommand): void {
    const { command } = placed;
    switch (command.kind) {
      case "arg":
        return this.#arg(command, placed);
      case "env":
        return this.#assign("ENV", command.pairs, placed);
      case "label":
        return this.#assign("LABEL", command.pairs, placed);
      case "run":
        return planRun(this, command, placed);
      case "copy":
      case "add":
        return planCopy(this, command, placed);
      case "cmd":
      case "entrypoint":
        return this.#commandLine(command);
      case "shell":
        this.image.config.Shell = [...command.shell];
        return this.image.commit(`SHELL ${goList(command.shell)}`);
      case "workdir":
        return this.#workdir(command, placed);
      case "user":
      case "stopsignal":
      case "maintainer":
        return this.#text(command, placed);
      case "volume":
        return this.#volume(command, placed);
      case "expose":
        return this.#expose(command, placed);
      case "healthcheck":
        return this.#healthcheck(command);
      case "onbuild":
        this.image.config.OnBuild = [...(this.image.config.OnBuild ?? []), command.trigger];
        return;
      default:
        return unreachable(command, "instruction");
    }
  }

  #arg(command: ArgCommand, placed: PlacedCommand): void {
    const committed: string[] = [];
    for (const { key, value } of command.args) {
      const name = key.text;
      const given = this.scope.options.buildArgs.get(name);
      const assigned =
        given ?? (value === undefined ? this.scope.globals.get(name) : this.expand(value, placed));
      if (assigned !== undefined) this.setVariable(name, assigned);
      this.plan.buildArgs.push({ key: name, ...(assigned === undefined ? {} : { value: assigned }) });
      committed.push(assigned === undefined ? name : `${name}=${assigned}`);
    }
    this.image.commit(`ARG ${committed.join(" ")}`);
  }

  #assign(name: "ENV" | "LABEL", pairs: readonly Assignment[], placed: PlacedCommand): void {
    // All values are expanded with the variables as they were before the instruction.
    const expanded = pairs.map(({ key, value }) => ({
      key: this.expand(key, placed),
      value: this.expand(value, placed),
    }));
    for (const { key, value } of expanded) {
      // A name may expand to nothing; Docker takes that, too.
      if (name === "ENV") {
        this.setVariable(key, value);
        this.image.setEnv(key, value);
      } else this.image.setLabel(key, value);
    }
    this.image.commit([name, ...expanded.map(({ key, value }) => `${key}=${value}`)].join(" "));
  }

  #commandLine({ kind, line }: CmdCommand): void {
    const args = line.form === "exec" ? [...line.args] : [...this.image.shell, line.args.join(" ")];
    const { config } = this.image;
    // What is empty is not there, in images as Docker writes them.
    if (args.length === 0) delete config[kind === "cmd" ? "Cmd" : "Entrypoint"];
    if (kind === "cmd") {
      if (args.length > 0) config.Cmd = args;
      config.ArgsEscaped = true;
      this.plan.cmdSet = true;
    } else {
      if (args.length > 0) config.Entrypoint = args;
      // The base image's CMD was meant for its own ENTRYPOINT.
      if (!this.plan.cmdSet) delete config.Cmd;
    }
    this.image.commit(`${kind.toUpperCase()} ${goQuoteList(args)}`);
  }

  #workdir(command: TextCommand, placed: PlacedCommand): void {
    const written = this.expand(command.text, placed);
    // An absolute path stays as it is written, and a variable that is not set changes nothing.
    const path = written.startsWith("/") ? written : joinPath("/", this.cwd, written);
    this.cwd = path;
    this.image.config.WorkingDir = path;
    const makesFolder = path !== "/";
    if (makesFolder) {
      this.plan.steps.push({
        kind: "workdir",
        name: this.stepName(placed, command.node.original),
        source: command.node.original,
        span: placed.span,
        path: joinPath(path),
        user: this.image.config.User ?? "",
      });
    }
    this.image.commit(`WORKDIR ${path}`, { layer: makesFolder });
  }

  #text(command: TextCommand, placed: PlacedCommand): void {
    const { config } = this.image;
    if (command.kind === "maintainer") {
      this.image.author = command.text.text;
      return this.image.commit(`MAINTAINER ${command.text.text}`);
    }
    const value = this.expand(command.text, placed);
    if (command.kind === "user") {
      if (value === "") delete config.User;
      else config.User = value;
      return this.image.commit(`USER ${value}`);
    }
    if (!isSignal(value)) {
      failAt(placed, command.text.span, {
        code: "SIGNAL_INVALID",
        message: `"${value}" is not a signal`,
        hint: didYouMean(value, SIGNAL_NAMES, "Write a name such as SIGTERM, or a number."),
      });
    }
    config.StopSignal = value;
    this.image.commit(`STOPSIGNAL ${value}`);
  }

  #volume(command: ListCommand, placed: PlacedCommand): void {
    const volumes = command.items.map((item) => {
      const volume = this.expand(item, placed);
      if (volume !== "") return volume;
      return failAt(placed, item.span, {
        code: "VOLUME_EMPTY",
        message: "a VOLUME is empty",
        hint: "Give the variable a value, or remove it.",
      });
    });
    this.image.config.Volumes = {
      ...this.image.config.Volumes,
      ...Object.fromEntries(volumes.map((volume) => [volume, {}])),
    };
    this.image.commit(`VOLUME ${goList(volumes)}`);
  }

  #expose(command: ListCommand, placed: PlacedCommand): void {
    const { escape } = this.scope;
    const items = [...command.items].sort((a, b) => (a.text < b.text ? -1 : a.text > b.text ? 1 : 0));
    const ports = items.flatMap((item) =>
      expandToWords(item, this.lookup, { escape, site: placed }).flatMap((text) =>
        parsePorts(text, { site: placed, span: item.span }),
      ),
    );
    if (ports.length > 0) {
      this.image.config.ExposedPorts = {
        ...this.image.config.ExposedPorts,
        ...Object.fromEntries(ports.map((port) => [port, {}])),
      };
    }
    this.image.commit(`EXPOSE ${goList(ports)}`);
  }

  #healthcheck({ config }: HealthcheckCommand): void {
    const given = Object.fromEntries(Object.entries(config).filter(([, value]) => value !== 0));
    this.image.config.Healthcheck = given;
    const [interval, timeout, startPeriod, startInterval] = [
      config.Interval,
      config.Timeout,
      config.StartPeriod,
      config.StartInterval,
    ].map((ns) => formatDurationNs(ns ?? 0));
    this.image.commit(
      `HEALTHCHECK {Test:${goList(config.Test ?? [])} Interval:${interval} Timeout:${timeout} StartPeriod:${startPeriod} ` +
        `StartInterval:${startInterval} Retries:${config.Retries ?? 0}}`,
    );
  }
}

/** What progress calls the image that a stage begins with. */
export function imageName(plan: StagePlan, options: CompileOptions): string {
  const base = plan.base as Extract<StagePlan["base"], { kind: "image" }>;
  return (
    base.customName ??
    `${stepPrefix(plan, options)}FROM ${base.identifier?.replace("docker-image://", "") ?? base.name}`
  );
}

/** `[build 2/5] `, or nothing for what is not counted. Takes the next number. */
export function stepPrefix(plan: StagePlan, options: CompileOptions): string {
  if (plan.stepTotal === 0) return "";
  const platform = options.multiPlatform && plan.platform ? `${formatPlatform(plan.platform)} ` : "";
  const stage = plan.label === "" ? "" : `${plan.label} `;
  const number = String(++plan.stepIndex).padStart(String(plan.stepTotal).length, " ");
  return `[${platform}${stage}${number}/${plan.stepTotal}] `;
}
