import type { ImageConfig, Platform, SourceLocation } from "@slipway/oci";
import type { CdiDevice, SecretEnv } from "@slipway/ir";
import type { Span } from "../../syntax/source-text.ts";
import type { StageCommand } from "../../commands/command.ts";
import type { Stage } from "../../commands/stages.ts";
import type { SourceDescription } from "../sources/git-reference.ts";
import type { ImageDraft } from "./image-draft.ts";

// Compilation goes in two passes. Planning turns the instructions of the stages that are needed into steps whose every
// variable is expanded; only then is it known which files of the contexts are used. Emitting makes vertices of the steps.

/** An instruction in a stage, its own or a trigger of the base image. */
export interface PlacedCommand {
  readonly command: StageCommand;
  /** Place in the build file; a trigger's is that of FROM. */
  readonly span: Span;
  readonly isTrigger: boolean;
  /** Where a part of the instruction is, as errors say it. */
  locate(span: Span): SourceLocation;
  /** Stages that the instruction takes files from: COPY one or none, RUN one (or none) for each mount. */
  readonly sources: readonly (StagePlan | undefined)[];
}

/** Where the files of a COPY or a mount come from. */
export type Origin =
  | { readonly kind: "context" }
  | { readonly kind: "empty" }
  | { readonly kind: "stage"; readonly plan: StagePlan };

export interface StepBase {
  /** What progress shows. */
  readonly name: string;
  /** The instruction as written. */
  readonly source: string;
  readonly span: Span;
  /** True when the image is committed here, with `--commit=explicit`. */
  commit?: boolean;
}

/** A filesystem in a step. */
export interface FilesystemMountStep {
  readonly type: "bind" | "cache" | "tmpfs";
  readonly origin: Origin;
  /** Absolute. */
  readonly target: string;
  /** Absolute path in the origin, or empty for all of it. */
  readonly selector: string;
  readonly readonly: boolean;
  readonly cacheId: string;
  readonly sharing: "shared" | "private" | "locked";
  readonly sizeBytes: number;
  /** Owner and mode of a cache's root, when any of the three is given. */
  readonly root?: { readonly uid: number; readonly gid: number; readonly mode: number };
}

/** Something that the client lends to a step: a secret as a file, or the socket of an ssh agent. */
export interface LentMountStep {
  readonly type: "secret" | "ssh";
  /** Empty for the default agent. */
  readonly id: string;
  /** Absolute. */
  readonly target: string;
  readonly uid: number;
  readonly gid: number;
  readonly mode: number;
  readonly optional: boolean;
}

export type MountStep = FilesystemMountStep | LentMountStep;

export interface RunStep extends StepBase {
  readonly kind: "run";
  readonly args: readonly string[];
  /** `KEY=value`, in order. */
  readonly env: readonly string[];
  readonly cwd: string;
  readonly user: string;
  readonly network: "unset" | "host" | "none";
  readonly security: "sandbox" | "insecure";
  readonly mounts: readonly MountStep[];
  /** Secrets as variables, in order. */
  readonly secretEnv: readonly SecretEnv[];
  readonly devices: readonly CdiDevice[];
  /** A here-document that runs as a program of its own, below `/dev/pipes`. */
  readonly script?: { readonly name: string; readonly data: Uint8Array };
}

/** One source of a COPY or ADD. */
export type CopyPart =
  | {
      readonly kind: "files";
      readonly origin: Origin;
      /** Absolute path in the origin; may hold wildcards. */
      readonly path: string;
      /** What is taken below `path`, and what must be there (absolute); both empty without `--parents`. */
      readonly include: readonly string[];
      readonly required: readonly string[];
      readonly unpack: boolean;
    }
  /** A here-document. */
  | { readonly kind: "inline"; readonly name: string; readonly data: Uint8Array }
  | {
      readonly kind: "http";
      readonly url: string;
      readonly filename: string;
      readonly checksum: string;
      readonly unpack: boolean;
    }
  | { readonly kind: "git"; readonly source: SourceDescription };

export interface CopyStep extends StepBase {
  readonly kind: "copy";
  /** At least one; what comes later lies over what comes earlier. */
  readonly parts: readonly CopyPart[];
  /** Absolute. */
  readonly dest: string;
  /** `user`, `user:group`, or empty. */
  readonly chown: string;
  /** -1 keeps the sources' modes. */
  readonly mode: number;
  /** Changes of the sources' modes, such as `u=rwX,go=rX`; empty when there are none. */
  readonly modeChanges: string;
  /** Patterns, as in an ignore file, of what is left out. */
  readonly exclude: readonly string[];
  /** Keeps the numeric owner of the context's files. */
  readonly archive: boolean;
  /** Made apart from what is below, and laid over it. */
  readonly link: boolean;
}

export interface WorkdirStep extends StepBase {
  readonly kind: "workdir";
  readonly path: string;
  readonly user: string;
}

export type Step = RunStep | CopyStep | WorkdirStep;

/** What a stage begins with. */
export type Base =
  | { readonly kind: "scratch" }
  | { readonly kind: "stage"; readonly plan: StagePlan }
  /** An image by name; `identifier` appears when it is resolved. */
  | {
      readonly kind: "image";
      readonly name: string;
      identifier?: string;
      customName?: string;
      /** The store that lends it, when it does not come from a registry. */
      readonly layout?: string;
    }
  /** A git repository, or a file of its own by http. */
  | { readonly kind: "remote"; readonly source: SourceDescription; readonly customName: string }
  /** A folder that the client lends under this name. */
  | {
      readonly kind: "local";
      readonly name: string;
      readonly contextName: string;
      excludePatterns: readonly string[];
    };

/** One stage, or an image or named context that files are copied from, while it is compiled. */
export interface StagePlan {
  /** Absent for what is not a stage of the file. */
  readonly stage?: Stage;
  /** Name as progress shows it; `stage-2` for a stage without a name, empty for the only stage. */
  label: string;
  base: Base;
  /** Absent: the target's. */
  platform?: Platform;
  /** Where FROM, `--from` or the like is. */
  readonly span: Span;
  locate(span: Span): SourceLocation;
  commands: PlacedCommand[];
  /** Set when the base is known. */
  image?: ImageDraft;
  baseConfig?: ImageConfig;
  steps: Step[];
  /** Variables of the steps: ENV and ARG in the order of their last assignment. */
  env: Map<string, string>;
  /** ARG as declared so far, for the history of RUN. */
  buildArgs: { readonly key: string; readonly value?: string }[];
  /** Paths used of a local named context that this is, or is based on; shared between stages on it. */
  usedPaths: Set<string>;
  /** Progress counts steps by this; FROM is one when it brings in an image. */
  stepTotal: number;
  stepIndex: number;
  /** What progress calls the image that the stage begins with. */
  fromName: string;
  /** True when the base's triggers are among `commands`. */
  triggersAdded: boolean;
  resolved: boolean;
  planned: boolean;
  cmdSet: boolean;
  readonly ignoreCache: boolean;
}
