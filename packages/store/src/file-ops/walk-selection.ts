import type { CopyAction } from "@slipway/ir";
import { createPatternMatcher } from "@slipway/ir/patterns";
import type { PatternMatcher } from "@slipway/ir/patterns";
import type { Lookup } from "../contracts.ts";
import { baseNameOf, bytesOfText } from "../layer-index/byte-path.ts";
import type { BytePath } from "../layer-index/byte-path.ts";
import type { ReadableFilesystem } from "./pending-filesystem.ts";

/** Which entries below a source are meant: those that an include pattern matches (if there are any) and no exclude pattern does. */
export interface CopyFilter {
  readonly include: PatternMatcher | undefined;
  readonly exclude: PatternMatcher | undefined;
}

/** The filter of a copy action. @throws InputError `PATTERN_INVALID` */
export function filterOf(action: Pick<CopyAction, "includePatterns" | "excludePatterns">): CopyFilter {
  const compile = (patterns: readonly string[]) =>
    patterns.length === 0 ? undefined : createPatternMatcher(patterns.map(bytesOfText));
  // Paths are relative here: one that begins with a slash excludes nothing, as for BuildKit.
  const exclude = action.excludePatterns.filter((pattern) => !/^\s*!?\s*\//.test(pattern));
  return { include: compile(action.includePatterns), exclude: compile(exclude) };
}

export interface SelectedEntry {
  /** Path below the source, in bytes; "" for the source itself. */
  readonly relativePath: string;
  readonly lookup: Lookup;
  /** False for a folder that is here only because something in it is selected. */
  readonly isSelected: boolean;
}

interface Frame {
  readonly lookup: Lookup;
  readonly relativePath: string;
  readonly children: readonly Lookup[];
  next: number;
  isGiven: boolean;
}

/** What the filter selects of `start` and below, sorted, folders before what is in them. `start` itself always is. */
export function* walkSelection(
  source: ReadableFilesystem,
  start: Lookup,
  filter: CopyFilter,
): Generator<SelectedEntry, void> {
  yield { relativePath: "", lookup: start, isSelected: true };
  if (start.entry.kind !== "dir") return;
  const childrenOf = (lookup: Lookup) => source.list(lookup.entry.path as BytePath) ?? [];
  const frames: Frame[] = [
    { lookup: start, relativePath: "", children: childrenOf(start), next: 0, isGiven: true },
  ];
  while (frames.length > 0) {
    const frame = frames.at(-1)!;
    const lookup = frame.children[frame.next++];
    if (lookup === undefined) {
      frames.pop();
      continue;
    }
    const name = baseNameOf(lookup.entry.path);
    const relativePath = frame.relativePath === "" ? name : `${frame.relativePath}/${name}`;
    const isSelected = isMeant(filter, relativePath);
    if (isSelected) {
      // Folders that no pattern names are made when the first thing in them is.
      for (const parent of frames) {
        if (parent.isGiven) continue;
        parent.isGiven = true;
        yield { relativePath: parent.relativePath, lookup: parent.lookup, isSelected: false };
      }
      yield { relativePath, lookup, isSelected };
    }
    if (lookup.entry.kind === "dir" && mayBeMeantBelow(filter, relativePath)) {
      frames.push({ lookup, relativePath, children: childrenOf(lookup), next: 0, isGiven: isSelected });
    }
  }
}

function isMeant({ include, exclude }: CopyFilter, path: string): boolean {
  return (include === undefined || include.matches(path)) && exclude?.matches(path) !== true;
}

function mayBeMeantBelow({ include, exclude }: CopyFilter, dir: string): boolean {
  return (
    (include === undefined || include.mayMatchBelow(dir)) &&
    (exclude === undefined || exclude.mayMissBelow(dir))
  );
}
