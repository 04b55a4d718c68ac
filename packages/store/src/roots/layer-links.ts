import type { LayerChain, LayerId } from "@slipway/engine-sdk";
import { parentOf, type BytePath } from "../layer-index/byte-path.ts";
import type { LayerIndex } from "../layer-index/entry.ts";
import { IndexLookup } from "../layer-index/lookup.ts";

/** A layer of a view, with its index and what is below it. Views of refs that share layers share their links. */
export interface LayerLink {
  readonly chain: LayerChain;
  readonly below: LayerLink | undefined;
  readonly lookup: IndexLookup;
  /** The lowest layer. */
  readonly lowest: LayerId;
  /** Runs of layers that end here, the longest first: what a look-up may pass over at once. */
  readonly runs: readonly LayerRun[];
}

interface LayerRun {
  readonly mentions: Mentions;
  readonly below: LayerLink | undefined;
}

/** What a run of layers says anything about; made when somebody asks. */
interface Mentions {
  /** Of entries. */
  readonly paths: ReadonlySet<string>;
  /** Folders that have entries. */
  readonly parents: ReadonlySet<string>;
  /** What is no folder or an opaque one, which hides all that is below it in lower layers. */
  readonly hiding: ReadonlySet<string>;
}

/** Every so many layers there is a run of all since the last one of its kind. */
const RUN_LENGTHS = [4096, 64] as const;

/** By the run's topmost link: a layer's paths never change, wherever the contents are. */
const mentionsOf = new WeakMap<LayerChain, Map<number, Mentions>>();

/** Puts a layer on top of links; `chain` is that layer over theirs. */
export function linkLayer(chain: LayerChain, index: LayerIndex, below: LayerLink | undefined): LayerLink {
  const lookup = IndexLookup.of(index);
  const lowest = below?.lowest ?? chain.layer;
  if (chain.length % RUN_LENGTHS[1] !== 0) return { chain, below, lookup, lowest, runs: [] };
  const runs: LayerRun[] = [];
  const link: LayerLink = { chain, below, lookup, lowest, runs };
  for (const length of RUN_LENGTHS) {
    if (chain.length % length !== 0) continue;
    let bottom: LayerLink | undefined = link;
    for (let i = 0; i < length; i++) bottom = bottom?.below;
    runs.push({
      below: bottom,
      get mentions() {
        return mentionsFrom(link, length);
      },
    });
  }
  return link;
}

/** The first link from here down that may say something about a path itself. */
export function nextAbout(start: LayerLink | undefined, path: BytePath): LayerLink | undefined {
  return next(start, ({ paths, hiding }) => paths.has(path) || isBelow(path, hiding));
}

/** The first link from here down that may say something about a folder, or about what is directly in it. */
export function nextAboutFolder(start: LayerLink | undefined, path: BytePath): LayerLink | undefined {
  return next(
    start,
    ({ paths, parents, hiding }) => paths.has(path) || parents.has(path) || isBelow(path, hiding),
  );
}

function next(start: LayerLink | undefined, isAbout: (mentions: Mentions) => boolean): LayerLink | undefined {
  let link = start;
  while (link !== undefined) {
    const run = link.runs.find(({ mentions }) => !isAbout(mentions));
    if (run === undefined) return link;
    link = run.below;
  }
  return undefined;
}

function isBelow(path: BytePath, hiding: ReadonlySet<string>): boolean {
  if (hiding.size === 0) return false;
  for (let at = path; at !== "";) {
    at = parentOf(at);
    if (hiding.has(at)) return true;
  }
  return false;
}

function mentionsFrom(top: LayerLink, length: number): Mentions {
  let known = mentionsOf.get(top.chain);
  if (known === undefined) mentionsOf.set(top.chain, (known = new Map<number, Mentions>()));
  let found = known.get(length);
  if (found !== undefined) return found;
  const paths = new Set<string>();
  const parents = new Set<string>();
  const hiding = new Set<string>();
  let link: LayerLink | undefined = top;
  for (let i = 0; i < length && link !== undefined; i++, link = link.below) {
    for (const entry of link.lookup.entries) {
      paths.add(entry.path);
      if (entry.path !== "") parents.add(parentOf(entry.path));
      if (entry.kind !== "dir" || entry.opaque === true) hiding.add(entry.path);
    }
  }
  known.set(length, (found = { paths, parents, hiding }));
  return found;
}
