import { createEngine, type Engine } from "@slipway/engine";
import { temporaryFolder, type TemporaryFolder } from "@slipway/testing";
import { afterAll, beforeAll } from "vitest";
import { startReferenceBuilder, type ReferenceBuilder } from "./reference-builder.ts";

/** What is there while the tests of a group run, and in its hooks behind the call. */
export interface BothBuilders {
  readonly folder: TemporaryFolder;
  readonly reference: ReferenceBuilder;
  readonly engine: Engine;
}

/** Starts BuildKit and an engine for the tests of the group that it is called in, and ends them. */
export function useBothBuilders(): BothBuilders {
  const folder = temporaryFolder();
  let reference: ReferenceBuilder | undefined;
  let engine: Engine | undefined;
  beforeAll(async () => {
    [reference, engine] = await Promise.all([
      startReferenceBuilder(folder.join("buildkit")),
      createEngine({ root: folder.join("slipway") }),
    ]);
  }, 120_000);
  afterAll(async () => {
    await engine?.close();
    await reference?.stop();
    folder.remove();
  });
  return {
    folder,
    get reference() {
      return reference!;
    },
    get engine() {
      return engine!;
    },
  };
}
