/** What is known of the image, or named context, that a stage begins with. */
export interface BaseFacts {
  /** `KEY=value`, those that its triggers set included. */
  readonly env: readonly string[];
  /** Names that its triggers declare as arguments. */
  readonly args: readonly string[];
  /** True when it brings a SHELL. */
  readonly hasShell: boolean;
  /** Set by triggers. */
  readonly hasWorkdir: boolean;
}

/** An image that is not for the platform that it was wanted for. */
export interface PlatformMismatch {
  /** As written, completed. */
  readonly image: string;
  /** Stage that is based on it, or that copies from it. */
  readonly stage: number;
  /** Where the instruction that names it begins in the text. */
  readonly at: number;
  readonly wanted: string;
  readonly found: string;
}

/**
 * What rules may know besides the text. All of it is optional: what is absent is unknown, and rules that need it keep
 * silent. Plain data that survives JSON; findings are remembered under it.
 */
export interface LintFacts {
  /** `--build-arg`. */
  readonly buildArgs?: Readonly<Record<string, string>>;
  readonly target?: string;
  /** `linux/amd64`. */
  readonly buildPlatform?: string;
  readonly targetPlatform?: string;
  /** By the stage's place in the file. */
  readonly bases?: Readonly<Record<number, BaseFacts>>;
  readonly mismatches?: readonly PlatformMismatch[];
  /** What the context's ignore file holds, and its name. */
  readonly ignore?: { readonly file: string; readonly patterns: readonly string[] };
  /** Stages that are built, by their place in the file; absent for all. */
  readonly stages?: readonly number[];
  /** Names of `--build-context`. */
  readonly namedContexts?: readonly string[];
}
