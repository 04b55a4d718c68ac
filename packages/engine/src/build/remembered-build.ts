import { setImmediate as nextTurn } from "node:timers/promises";
import { type Digest, hostPlatform, type ImageConfig, type Platform, sha256 } from "@slipway/oci";
import type { Diagnostic } from "@slipway/frontend-sdk";
import type { ProgressEvent, ProgressSink, Ref } from "@slipway/engine-sdk";
import type { ImageResolver, LocalSource } from "@slipway/sources";
import type { Store } from "@slipway/store";
import type { BuildRequest } from "../contracts.ts";
import { answerText, type BuildTrace, fingerprintOf } from "./build-trace.ts";

// A build that found everything in the cache is remembered with all that it had learned on the way. The next one asks
// the same questions (folders are scanned, registries are asked, the cache is looked up) without frontend and solver in
// between. Where an answer differs, or cannot be had, the build goes its ordinary way: what is remembered saves time,
// and decides nothing.

const OWNER = "engine.builds";
const FORMAT = 1;

/** One platform's result. */
export interface SolvedOutput {
  readonly platform: Platform;
  readonly ref: Ref;
  readonly config?: ImageConfig;
}

export interface RememberedBuild {
  readonly trace: BuildTrace;
  readonly outputs: readonly SolvedOutput[];
  readonly warnings: readonly Diagnostic[];
  /** What progress showed. */
  readonly events: readonly ProgressEvent[];
}

/**
 * Under what a request's build is remembered.
 * @param code what tells this program from every other, and from itself after a change
 * @returns undefined for requests whose builds are not remembered
 */
export function buildKey(request: BuildRequest, code: string | undefined): Digest | undefined {
  if (code === undefined || "no-cache" in request.options || "requestid" in request.options) return undefined;
  const sorted = (record: Readonly<Record<string, string>>): unknown =>
    Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1));
  const text = JSON.stringify([
    FORMAT,
    code,
    request.frontend ?? null,
    sorted(request.options),
    request.platforms,
    hostPlatform(),
    sorted(request.localDirs),
    request.entitlements ?? [],
    request.sourceDateEpochSeconds ?? null,
  ]);
  return sha256(text);
}

/** Remembers a build, unless it is too large to be worth it, or has layers that do not outlive it. */
export function rememberBuild(store: Store, key: Digest, build: RememberedBuild): void {
  if (!isComplete(store, build)) return;
  const bytes = Buffer.from(JSON.stringify(build));
  const known = store.memory.get(OWNER, key);
  if (known === undefined || !bytes.equals(known)) store.memory.put(OWNER, key, bytes);
}

/** The build remembered under a key, when everything that it had learned still holds. */
export async function recallBuild(
  key: Digest,
  parts: { readonly store: Store; readonly images: ImageResolver; readonly local: LocalSource },
  signal: AbortSignal,
): Promise<RememberedBuild | undefined> {
  const bytes = parts.store.memory.get(OWNER, key);
  if (bytes === undefined) return undefined;
  try {
    const build = JSON.parse(Buffer.from(bytes).toString("utf8")) as RememberedBuild;
    return (await holds(build.trace, parts, signal)) && isComplete(parts.store, build) ? build : undefined;
  } catch {
    // The ordinary way meets the same obstacle, and says it better.
    signal.throwIfAborted();
    return undefined;
  }
}

async function holds(
  trace: BuildTrace,
  { store, images, local }: Parameters<typeof recallBuild>[1],
  signal: AbortSignal,
): Promise<boolean> {
  // Registries answer while folders are read. Resolving registers the layers, without which no result is complete.
  const pinned = Promise.all(
    trace.images.map(async ({ name, platform, digest }) => {
      const reference =
        platform === undefined
          ? await images.pin(name, signal)
          : (await images.resolve(name, platform, signal)).reference;
      return reference.digest === digest;
    }),
  );
  pinned.catch(() => undefined);
  // A turn for the request to go out: the answer comes while folders are read.
  if (trace.images.length > 0) await nextTurn();
  for (const { identifier, attrs, fingerprint } of trace.locals) {
    const index = await local.scan({ kind: "source", identifier, attrs }, signal);
    if (fingerprintOf(index) !== fingerprint) return false;
  }
  if (!(await pinned).every(Boolean)) return false;
  return trace.lookups.every(([key, answer]) => answerText(store.cache.lookup(key)) === answer);
}

function isComplete(store: Store, { outputs }: RememberedBuild): boolean {
  return outputs.every(({ ref }) =>
    ref.layers.every((id) => !store.layers.isVolatile(id) && store.layers.isDurable(id)),
  );
}

/** Shows a remembered build's progress as if it had just happened. */
export function replayProgress(events: readonly ProgressEvent[], progress: ProgressSink): void {
  const now = Date.now();
  for (const event of events) progress(retimed(event, now));
}

function retimed(event: ProgressEvent, now: number): ProgressEvent {
  if (event.kind === "warning") return event;
  return {
    ...event,
    ...("timestampMs" in event ? { timestampMs: now } : {}),
    ...("startedMs" in event ? { startedMs: now } : {}),
    ...("completedMs" in event ? { completedMs: now } : {}),
  };
}
