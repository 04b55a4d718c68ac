import { hash } from "node:crypto";
import type { LayerId } from "@slipway/engine-sdk";
import { NO_OUTPUT } from "@slipway/ir";
import type { CopyAction, FileAction, FileOp } from "@slipway/ir";
import type { Digest } from "@slipway/oci";
import { indexOf, SIGNAL } from "../archive/archive.test.helper.ts";
import type { MergedView } from "../contracts.ts";
import type { Entry, FileEntry, LayerIndex } from "../layer-index/entry.ts";
import { LayeredView } from "../roots/layered-view.ts";
import { planFileOp } from "./plan-file-op.ts";
import type { FileOpOutput, FileOpRequest } from "./plan-file-op.ts";

let nextLayer = 0;

/** A view over layers, base first; files have literal content or none that can be read. */
export function viewOf(...layers: LayerIndex[]): MergedView {
  const contents = {
    contentOf: (_: LayerId, { content }: FileEntry) => (content.kind === "bytes" ? content : undefined),
    ensureContent: () => Promise.resolve(),
    digests: (items: readonly { entry: FileEntry }[]) =>
      Promise.resolve(items.map(({ entry }) => digestOf(entry))),
  };
  return LayeredView.of(
    layers.map((index) => ({ id: `layer${nextLayer++}` as LayerId, index })),
    contents as never,
    SIGNAL,
  );
}

function digestOf(entry: FileEntry): Digest {
  if (entry.digest !== undefined) return entry.digest;
  return `sha256:${hash("sha256", entry.content.kind === "bytes" ? entry.content.data : entry.path)}` as Digest;
}

export const view = (...entries: Parameters<typeof indexOf>): MergedView => viewOf(indexOf(...entries));

/** A COPY as the Dockerfile frontend makes it; from input 1 to input 0. */
export function copy(src: string, dest: string, rest: Partial<CopyAction> = {}): CopyAction {
  return {
    kind: "copy",
    input: 0,
    secondaryInput: 1,
    output: 0,
    src,
    dest,
    mode: -1,
    modeStr: "",
    followSymlink: true,
    dirCopyContents: true,
    attemptUnpack: false,
    createDestPath: true,
    allowWildcard: true,
    allowEmptyWildcard: true,
    timestampNs: -1n,
    includePatterns: [],
    excludePatterns: [],
    alwaysReplaceExistingDestPaths: false,
    requiredPaths: [],
    ...rest,
  };
}

/** Runs actions one after the other, each on the result of the one before. */
export function chain(inputCount: number, ...actions: FileAction[]): FileOp {
  return {
    kind: "file",
    actions: actions.map((action, i) => ({
      ...action,
      input: i === 0 ? action.input : inputCount + i - 1,
      output: i === actions.length - 1 ? 0 : NO_OUTPUT,
    })),
  };
}

export async function plan(
  inputs: MergedView[],
  actions: FileAction | FileAction[],
  rest: Partial<FileOpRequest> = {},
): Promise<FileOpOutput> {
  const op = chain(inputs.length, ...[actions].flat());
  const [output] = await planFileOp({ op, inputs, signal: SIGNAL, ...rest });
  return output!;
}

/** The changes in short: `path` → kind and what matters. */
export function shortly(changes: LayerIndex | null): Record<string, string> {
  return Object.fromEntries((changes?.entries ?? []).map((entry) => [entry.path, describeEntry(entry)]));
}

function describeEntry(entry: Entry): string {
  switch (entry.kind) {
    case "whiteout":
      return "whiteout";
    case "hardlink":
      return `hardlink ${entry.target}`;
    case "symlink":
      return `symlink ${entry.target}`;
    case "dir":
      return `dir ${entry.mode.toString(8)} ${entry.uid}:${entry.gid}${entry.opaque === true ? " opaque" : ""}`;
    case "file": {
      const content =
        entry.content.kind === "bytes" ? Buffer.from(entry.content.data).toString() : entry.content.kind;
      return `file ${entry.mode.toString(8)} ${entry.uid}:${entry.gid} ${content}`;
    }
    default:
      return `${entry.kind} ${entry.mode.toString(8)}`;
  }
}
