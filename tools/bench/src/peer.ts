/** What a workload asks a tool to build. */
export interface BuildTask {
  readonly context: string;
  /** Where the result goes. */
  readonly output:
    | { readonly kind: "store" }
    | { readonly kind: "archive"; readonly file: string }
    | { readonly kind: "push"; readonly image: string };
}

export interface Command {
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/** A tool under measurement. */
export interface Peer {
  readonly name: string;
  /** For the table's notes, for example `buildah 1.28.2, runc 1.1.5`. */
  readonly version: string;
  /** How results differ from what was asked, for the table's notes. */
  readonly gaps: readonly string[];
  /** Processes that work for the tool beside its command: its daemon. */
  readonly daemonPids: readonly number[];
  /** The commands that do the task, one after the other. */
  commands(task: BuildTask): readonly Command[];
  stop(): Promise<void>;
}

export interface PeerSettings {
  /** Folder for the tool's state, on the measured disk. */
  readonly state: string;
  /** `127.0.0.1:PORT` of the registry. */
  readonly registry: string;
}

/** @returns undefined when the tool is not on this machine */
export type StartPeer = (settings: PeerSettings) => Promise<Peer | undefined>;
