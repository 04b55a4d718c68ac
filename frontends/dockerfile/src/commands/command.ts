import type { HealthConfig } from "@slipway/oci";
import type { Heredoc, InstructionNode, Word } from "../syntax/syntax-tree.ts";
import type { DeviceSpec } from "./device.ts";

// Instructions after their flags and the number of their arguments are checked. Variables are not expanded yet.

interface CommandBase {
  readonly node: InstructionNode;
}

/** A name and a value. */
export interface Assignment {
  readonly key: Word;
  readonly value: Word;
}

export interface FromCommand extends CommandBase {
  readonly kind: "from";
  readonly image: Word;
  /** As written; stage names are compared without case. */
  readonly name?: Word;
  readonly platform?: Word;
}

export interface ArgCommand extends CommandBase {
  readonly kind: "arg";
  readonly args: readonly { readonly key: Word; readonly value?: Word }[];
}

export interface EnvCommand extends CommandBase {
  readonly kind: "env";
  readonly pairs: readonly Assignment[];
}

export interface LabelCommand extends CommandBase {
  readonly kind: "label";
  readonly pairs: readonly Assignment[];
}

/** `shell`: one line for the shell. `exec`: the arguments as they are. */
export interface CommandLine {
  readonly form: "shell" | "exec";
  readonly args: readonly string[];
}

export interface RunCommand extends CommandBase {
  readonly kind: "run";
  readonly line: CommandLine;
  /** The values of `--mount`, in order. */
  readonly mounts: readonly Word[];
  readonly network: "default" | "none" | "host";
  readonly security: "sandbox" | "insecure";
  readonly devices: readonly DeviceSpec[];
}

export interface CmdCommand extends CommandBase {
  readonly kind: "cmd" | "entrypoint";
  readonly line: CommandLine;
}

export interface ShellCommand extends CommandBase {
  readonly kind: "shell";
  readonly shell: readonly string[];
}

export interface CopyCommand extends CommandBase {
  readonly kind: "copy" | "add";
  /** At least one. */
  readonly sources: readonly Word[];
  /** As long as `sources`: the here-document that a source is, if it is one. */
  readonly heredocs: readonly (Heredoc | undefined)[];
  readonly dest: Word;
  /** COPY only. */
  readonly from?: Word;
  readonly chown?: Word;
  readonly chmod?: Word;
  readonly link: boolean;
  /** COPY only: keeps the folders above each source. */
  readonly parents: boolean;
  /** COPY only: keeps the numeric owner of the context's files. */
  readonly archive: boolean;
  /** Patterns of what is left out; without variables, as they are. */
  readonly exclude: readonly Word[];
  /** ADD only. */
  readonly checksum?: Word;
  /** ADD only; absent when it is not given. */
  readonly keepGitDir?: boolean;
  /** ADD only; absent when it is not given. */
  readonly unpack?: boolean;
}

/** Instructions with one argument. */
export interface TextCommand extends CommandBase {
  readonly kind: "workdir" | "user" | "stopsignal" | "maintainer";
  readonly text: Word;
}

/** Instructions with a list of arguments. */
export interface ListCommand extends CommandBase {
  readonly kind: "volume" | "expose";
  readonly items: readonly Word[];
}

export interface HealthcheckCommand extends CommandBase {
  readonly kind: "healthcheck";
  readonly config: HealthConfig;
}

export interface OnbuildCommand extends CommandBase {
  readonly kind: "onbuild";
  /** The trigger, in the form that an image config stores. */
  readonly trigger: string;
}

/** An instruction of a stage. */
export type StageCommand =
  | ArgCommand
  | EnvCommand
  | LabelCommand
  | RunCommand
  | CmdCommand
  | ShellCommand
  | CopyCommand
  | TextCommand
  | ListCommand
  | HealthcheckCommand
  | OnbuildCommand;

export type Command = FromCommand | StageCommand;
