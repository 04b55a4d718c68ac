/** Flags that `build` and `ir` share, as commander hands them over. Repeatable ones are lists, empty by default. */
export interface BuildFlags {
  readonly file?: string;
  readonly target?: string;
  readonly buildArg: readonly string[];
  readonly buildContext: readonly string[];
  readonly label: readonly string[];
  readonly platform: readonly string[];
  readonly noCache?: boolean;
  readonly noCacheFilter: readonly string[];
  readonly pull?: boolean;
  readonly network?: string;
  readonly commit?: string;
  readonly addHost: readonly string[];
  readonly frontend?: string;
  readonly secret: readonly string[];
  readonly ssh: readonly string[];
  readonly allow: readonly string[];
  readonly shmSize?: string;
  readonly ulimit: readonly string[];
  readonly cgroupParent?: string;
}

/** Flags about what becomes of the result. */
export interface OutputFlags {
  readonly tag: readonly string[];
  readonly output: readonly string[];
  readonly push?: boolean;
  readonly load?: boolean;
  readonly annotation: readonly string[];
}

/** Flags that every command which opens the store knows. */
export interface EngineFlags {
  readonly root?: string;
  readonly sandbox?: string;
  readonly maxParallelism?: string;
  readonly insecureRegistry?: readonly string[];
  readonly debug?: boolean;
}
