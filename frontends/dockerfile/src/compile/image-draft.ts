import type { ContainerConfig, HistoryEntry, ImageConfig, Platform } from "@slipway/oci";

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

/** Docker's value, for images that do not say. */
export const DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
const HISTORY_COMMENT = "buildkit.dockerfile.v0";

/** The image config of a stage while its instructions go by. */
export class ImageDraft {
  readonly config: Mutable<ContainerConfig>;
  author: string | undefined;
  readonly #base: ImageConfig;
  readonly #history: HistoryEntry[];
  /** Indexes of the entries of this stage that have layers of their own. */
  readonly #layerEntries: number[] = [];
  readonly #created: string | undefined;
  /** The variables, which are those of `config` as soon as there are some. */
  #env: string[] = [];
  /** Where in `#env` a name stands first. */
  readonly #places = new Map<string, number>();
  #labels: Record<string, string> | undefined;

  /** @param epochSeconds time of the history entries; they have none when absent */
  constructor(base: ImageConfig, epochSeconds: number | undefined) {
    this.#base = base;
    this.config = { ...base.config };
    if (base.config?.Env) this.config.Env = this.#env = [...base.config.Env];
    this.author = base.author;
    this.#history = [...(base.history ?? [])];
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

  /** A draft that goes on from here; triggers are not inherited from stage to stage. */
  fork(epochSeconds: number | undefined): ImageDraft {
    const { OnBuild: _, ...config } = this.config;
    return new ImageDraft({ ...this.finish(), config }, epochSeconds);
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
    // Those of the base image are shared with other stages.
    this.#labels ??= { ...this.config.Labels };
    // Assigning to a label of the name __proto__ would make no label.
    Object.defineProperty(this.#labels, key, {
      value,
      enumerable: true,
      configurable: true,
      writable: true,
    });
    this.config.Labels = this.#labels;
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
    const {
      created: _created,
      rootfs: _rootfs,
      author: _author,
      config: _config,
      history: _history,
      ...rest
    } = this.#base;
    return {
      ...rest,
      ...(this.author === undefined ? {} : { author: this.author }),
      config: withoutEmpty(this.config),
      ...(this.#history.length > 0 ? { history: this.#history } : {}),
    };
  }
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
