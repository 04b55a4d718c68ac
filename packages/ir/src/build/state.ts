import { InputError, type Platform } from "@slipway/oci";
import type { ExecOp, HostIp, Ulimit } from "../op.ts";
import { resolvePath } from "../posix-path.ts";
import type { Definition, Range, SourceInfo } from "../vertex.ts";
import { setEnv, type EnvList } from "./env-list.ts";
import { execStep, type MountResult, type RunOptions } from "./exec-step.ts";
import type { FileActions } from "./file-actions.ts";
import { fileStep } from "./file-step.ts";
import type { NewStep, Step, StepOptions, StepOutput } from "./step.ts";

/** What a state hands on to the commands that run on it. */
export interface StateSettings {
  /** In the order in which they were set. */
  readonly env: EnvList;
  /** Absolute. */
  readonly dir: string;
  readonly user: string;
  /** Absent: the default platform that `toDefinition` is given. */
  readonly platform?: Platform;
  readonly hostname: string;
  readonly network: ExecOp["network"];
  readonly security: ExecOp["security"];
  readonly extraHosts: readonly HostIp[];
  readonly ulimit: readonly Ulimit[];
  readonly cgroupParent: string;
}

const DEFAULT_SETTINGS: StateSettings = {
  env: [],
  dir: "/",
  user: "",
  hostname: "",
  network: "unset",
  security: "sandbox",
  extraHosts: [],
  ulimit: [],
  cgroupParent: "",
};

/**
 * A filesystem that is still to be built, and the settings for commands that run on it. Immutable: every method
 * gives a new state. Lazy: digests are computed by `toDefinition`.
 */
export class State {
  /** What gives the filesystem; null when it is empty. */
  readonly output: StepOutput | null;
  readonly settings: StateSettings;

  constructor(output: StepOutput | null, settings: Partial<StateSettings> = {}) {
    this.output = output;
    this.settings = { ...DEFAULT_SETTINGS, ...settings };
  }

  /** The same filesystem with other settings. */
  with(settings: Partial<StateSettings>): State {
    return new State(this.output, { ...this.settings, ...settings });
  }

  /** Sets a variable for the commands that follow; it moves to the end when it was set before. */
  env(name: string, value: string): State {
    return this.with({ env: setEnv(this.settings.env, name, value) });
  }

  /** Sets the working folder; a relative path is seen from the present one. */
  dir(path: string): State {
    return this.with({ dir: resolvePath(this.settings.dir, path) });
  }

  /** Sets who runs the commands: `name`, `uid`, `name:group` or `uid:gid`. */
  user(user: string): State {
    return this.with({ user });
  }

  platform(platform: Platform): State {
    return this.with({ platform });
  }

  /**
   * Runs a command on this filesystem: its arguments, or a line for `/bin/sh -c`.
   * @throws InputError `IR_NO_ARGS`, `IR_MOUNT_INVALID`
   */
  run(command: readonly string[] | string, options: RunOptions = {}): ExecState {
    const { step, root, mounts } = execStep(this, command, options);
    return new ExecState(root, { settings: this.settings, step, mounts });
  }

  /** Applies file actions, one after the other. */
  file(actions: FileActions, options: StepOptions = {}): State {
    return new State({ step: fileStep(this, actions, options), index: 0 }, this.settings);
  }

  /** Adds to the description of the step that gives this filesystem, such as `{"llb.customname": "…"}`. */
  description(description: Readonly<Record<string, string>>): State {
    return this.changeStep((step) => ({
      ...step,
      metadata: { ...step.metadata, description: { ...step.metadata.description, ...description } },
    }));
  }

  /** Makes the step that gives this filesystem run even when a result is cached. */
  ignoreCache(): State {
    return this.changeStep((step) => ({ ...step, metadata: { ...step.metadata, ignoreCache: true } }));
  }

  /** Says in which lines the step that gives this filesystem was written. */
  location(source: SourceInfo, ranges: readonly Range[]): State {
    return this.changeStep((step) => ({ ...step, locations: [...step.locations, { source, ranges }] }));
  }

  /** Does nothing for an empty filesystem and for the result of a finished definition. */
  protected changeStep(change: (step: NewStep) => NewStep): State {
    if (this.output?.step.kind !== "new") return this;
    return new State({ step: change(this.output.step), index: this.output.index }, this.settings);
  }
}

/** The state after a command: the root filesystem, and what the command left in the other mounts. */
export class ExecState extends State {
  readonly #step: NewStep;
  readonly #mounts: ReadonlyMap<string, MountResult>;

  /** @internal Made by `State.run`. `root` is the exec's own output, or what was below a read-only root. */
  constructor(
    root: StepOutput | null,
    init: { settings: StateSettings; step: NewStep; mounts: ReadonlyMap<string, MountResult> },
  ) {
    super(root, init.settings);
    this.#step = init.step;
    this.#mounts = init.mounts;
  }

  /** The root filesystem after the command. */
  get root(): State {
    return new State(this.output, this.settings);
  }

  override with(settings: Partial<StateSettings>): ExecState {
    return new ExecState(this.output, {
      settings: { ...this.settings, ...settings },
      step: this.#step,
      mounts: this.#mounts,
    });
  }

  /**
   * What the mount at `dest` holds after the command; of a read-only one, what it held before.
   * @throws InputError `IR_MOUNT_UNKNOWN`, `IR_MOUNT_HAS_NO_OUTPUT`
   */
  mount(dest: string): State {
    const path = resolvePath(this.settings.dir, dest);
    const mount = this.#mounts.get(path);
    if (!mount) {
      throw new InputError("IR_MOUNT_UNKNOWN", `the command has no mount at ${path}`, {
        hint: `It has mounts at ${[...this.#mounts.keys()].join(", ")}.`,
      });
    }
    if (mount.kind === "none") {
      throw new InputError("IR_MOUNT_HAS_NO_OUTPUT", `nothing is kept of the ${mount.why} mount at ${path}`, {
        hint: "Use a writable bind mount when the result is needed.",
      });
    }
    if (mount.kind === "same") return new State(mount.output, this.settings);
    return new State({ step: this.#step, index: mount.index }, this.settings);
  }

  protected override changeStep(change: (step: NewStep) => NewStep): ExecState {
    const step = change(this.#step);
    const root: StepOutput | null =
      this.output?.step === (this.#step as Step) ? { step, index: this.output.index } : this.output;
    return new ExecState(root, { settings: this.settings, step, mounts: this.#mounts });
  }
}

/** A state to go on building from a finished graph, such as one that another frontend gave. */
export function fromDefinition(definition: Definition, settings: Partial<StateSettings> = {}): State {
  const { result } = definition;
  return new State(result && { step: { kind: "defined", definition }, index: result.index }, settings);
}
