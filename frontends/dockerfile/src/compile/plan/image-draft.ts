import type { ContainerConfig, HistoryEntry, ImageConfig, Platform } from "@slipway/oci";

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

/** Docker's value, for images that do not say. */
export const DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
const HISTORY_COMMENT = "buildkit.dockerfile.v0";

/** What a draft added to what it was forked from, which does not change any more: a chain of stages holds each thing once. */
interface Added<Part> {
  readonly below: Added<Part> | undefined;
  readonly own: Part;
}

/** The image config of a stage while its instructions go by. `config` lacks labels until it is finished. */
export class ImageDraft {
  readonly config: Mutable<ContainerConfig>;
  author: string | undefined;
  readonly #base: ImageConfig;
  readonly #history: HistoryEntry[] = [];
  readonly #historyBelow: Added<readonly HistoryEntry[]> | undefined;
  /** Indexes of the entries of this stage that have layers of their own. */
  readonly #layerEntries: number[] = [];
  readonly #created: string | undefined;
  /** The variables, which are those of `config` as soon as there are some. */
  #env: string[] = [];
  /** Where in `#env` a name stands first. */
  readonly #places = new Map<string, number>();
  readonly #labels = new Map<string, string>();
  readonly #labelsBelow: Added<ReadonlyMap<string, string>> | undefined;

  /**
   * @param epochSeconds time of the history entries; they have none when absent
   * @param from what this is a fork of
   */
  constructor(base: ImageConfig, epochSeconds: number | undefined, from?: ImageDraft) {
    this.#base = base;
    const { Labels: labels, ...config } = base.config ?? {};
    this.config = config;
    if (base.config?.Env) this.config.Env = this.#env = [...base.config.Env];
    this.author = base.author;
    if (from === undefined) {
      this.#historyBelow = { below: undefined, own: base.history ?? [] };
      this.#labelsBelow = { below: undefined, own: new Map(Object.entries(labels ?? {})) };
    } else {
      // Stages that add nothing are no links to go along later.
      this.#historyBelow =
        from.#history.length === 0 ? from.#historyBelow : { below: from.#historyBelow, own: from.#history };
      this.#labelsBelow =
        from.#labels.size === 0 ? from.#labelsBelow : { below: from.#labelsBelow, own: from.#labels };
    }
    this.#created =
      epochSeconds === undefined
        ? undefined
        : new Date(epochSeconds * 1000).toISOString().replace(".000Z", "Z");
  }

  static empty(platform: Platform, epochSeconds: number | undefined): ImageDraft {
    const base: ImageConfig = {
      architecture: platform.architecture,
      os: platform.os,
      ...(platform.variant ? { variant: platform.variant } : {}),
      ...(platform.osVersion ? { "os.version": platform.osVersion } : {}),
      config: { WorkingDir: "/" },
    };
    return new ImageDraft(base, epochSeconds);
  }

  /**
   * A draft that goes on from here, after which this one must not change; triggers are not inherited from stage to
   * stage.
   */
  fork(epochSeconds: number | undefined): ImageDraft {
    const { OnBuild: _, ...config } = this.config;
    return new ImageDraft({ ...this.#header(), config }, epochSeconds, this);
  }

  /** Every image has a PATH. */
  ensurePath(): void {
    if (!this.#env.some((entry) => nameOf(entry) === "PATH")) this.#addEnv(`PATH=${DEFAULT_PATH}`);
  }

  /** Replaces a variable in its place, or adds it at the end. */
  setEnv(key: string, value: string): void {
    // Looking at all of them for each new one would take the square of their number.
    if (this.#places.size === 0)
      for (const [at, entry] of this.#env.entries()) this.#notePlace(nameOf(entry), at);
    const at = this.#places.get(key);
    if (at === undefined) this.#addEnv(`${key}=${value}`);
    else this.#env[at] = `${key}=${value}`;
  }

  #addEnv(entry: string): void {
    if (this.#places.size > 0) this.#notePlace(nameOf(entry), this.#env.length);
    this.#env.push(entry);
    this.config.Env = this.#env;
  }

  #notePlace(name: string, at: number): void {
    if (!this.#places.has(name)) this.#places.set(name, at);
  }

  /** Adds or replaces a label. */
  setLabel(key: string, value: string): void {
    this.#labels.set(key, value);
  }

  /** Adds an entry to the history, with a layer or without. */
  commit(createdBy: string, options: { readonly layer: boolean } = { layer: false }): void {
    if (options.layer) this.#layerEntries.push(this.#history.length);
    this.#history.push({
      ...(this.#created === undefined ? {} : { created: this.#created }),
      created_by: createdBy,
      comment: HISTORY_COMMENT,
      ...(options.layer ? {} : { empty_layer: true }),
    });
  }

  /** Makes one layer, that of the last step, of all since the last time. */
  mergeLayers(): void {
    for (const index of this.#layerEntries.splice(0).slice(0, -1))
      this.#history[index] = { ...this.#history[index], empty_layer: true };
  }

  /** What runs a command in shell form. */
  get shell(): readonly string[] {
    return this.config.Shell?.length ? this.config.Shell : ["/bin/sh", "-c"];
  }

  get os(): string {
    return this.#base.os;
  }

  /** The config without `rootfs` and without a time. */
  finish(): ImageConfig {
    const history = fromBelow({ below: this.#historyBelow, own: this.#history }).flat();
    const labels: Record<string, string> = {};
    for (const own of fromBelow({ below: this.#labelsBelow, own: this.#labels }))
      for (const [key, value] of own) setOwn(labels, key, value);
    return {
      ...this.#header(),
      config: withoutEmpty({ ...this.config, Labels: labels }),
      ...(history.length > 0 ? { history } : {}),
    };
  }

  #header(): ImageConfig {
    const {
      created: _created,
      rootfs: _rootfs,
      author: _author,
      config: _config,
      history: _history,
      ...rest
    } = this.#base;
    return { ...rest, ...(this.author === undefined ? {} : { author: this.author }) };
  }
}

/** The parts, the lowest first. */
function fromBelow<Part>(top: Added<Part>): Part[] {
  const parts: Part[] = [];
  for (let at: Added<Part> | undefined = top; at !== undefined; at = at.below) parts.push(at.own);
  return parts.reverse();
}

/** Assigning to a member of the name __proto__ would make none. */
function setOwn(record: Record<string, string>, key: string, value: string): void {
  Object.defineProperty(record, key, { value, enumerable: true, configurable: true, writable: true });
}

/** What is empty says nothing and is left out, as Go's encoder does. */
function withoutEmpty(config: ContainerConfig): ContainerConfig {
  const kept = Object.entries(config).flatMap(([name, value]: [string, unknown]): [string, unknown][] => {
    if (name === "Healthcheck" && typeof value === "object" && value !== null)
      return [[name, Object.fromEntries(Object.entries(value).filter(([, member]) => !isEmpty(member)))]];
    return isEmpty(value) ? [] : [[name, value]];
  });
  return Object.fromEntries(kept);
}

function isEmpty(value: unknown): boolean {
  if (value === null || value === undefined || value === "" || value === false) return true;
  return typeof value === "object" && Object.keys(value).length === 0;
}

function nameOf(entry: string): string {
  const split = entry.indexOf("=");
  return split < 0 ? entry : entry.slice(0, split);
}
