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

  /** @param epochSeconds time of the history entries; they have none when absent */
  constructor(base: ImageConfig, epochSeconds: number | undefined) {
    this.#base = base;
    this.config = { ...base.config };
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
    if (!(this.config.Env ?? []).some((entry) => entry.startsWith("PATH="))) {
      this.config.Env = [...(this.config.Env ?? []), `PATH=${DEFAULT_PATH}`];
    }
  }

  /** Replaces a variable in its place, or adds it at the end. */
  setEnv(key: string, value: string): void {
    const env = [...(this.config.Env ?? [])];
    const at = env.findIndex((entry) => entry.startsWith(`${key}=`) || entry === key);
    if (at < 0) env.push(`${key}=${value}`);
    else env[at] = `${key}=${value}`;
    this.config.Env = env;
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
      config: this.config,
      ...(this.#history.length > 0 ? { history: this.#history } : {}),
    };
  }
}
