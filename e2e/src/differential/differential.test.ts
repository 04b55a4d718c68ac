import { rmSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { baseImageRequirements, pushBaseImage } from "@slipway/images";
import { hostPlatform } from "@slipway/oci";
import { startRegistry, type RegistryServer } from "@slipway/testing";
import { ADD_CASES } from "./cases/add.ts";
import { CONFIG_CASES } from "./cases/config.ts";
import { BASE_IMAGE_CASES } from "./cases/base-image.ts";
import { COPY_CASES } from "./cases/copy.ts";
import { DOCKERIGNORE_CASES } from "./cases/dockerignore.ts";
import { HEREDOC_CASES } from "./cases/heredoc.ts";
import { RUN_CASES } from "./cases/run.ts";
import { VARIABLE_CASES } from "./cases/variables.ts";
import { WORKDIR_CASES } from "./cases/workdir.ts";
import type { DifferentialCase } from "./differential-case.ts";
import { makeContext } from "./make-context.ts";
import { pushImage } from "./push-image.ts";
import { readImage, type ReadImage } from "./read-image.ts";
import { useBothBuilders } from "./both-builders.ts";
import { describeBesideBuildKit } from "./reference-builder.ts";

const GROUPS: Readonly<Record<string, readonly DifferentialCase[]>> = {
  COPY: COPY_CASES,
  ADD: ADD_CASES,
  "WORKDIR, USER and VOLUME": WORKDIR_CASES,
  "ENV, ARG and expansion": VARIABLE_CASES,
  "here-documents": HEREDOC_CASES,
  ".dockerignore": DOCKERIGNORE_CASES,
  RUN: RUN_CASES,
  "the image config": CONFIG_CASES,
  "base images": BASE_IMAGE_CASES,
};

const needs = baseImageRequirements(["busybox"]);

const requirements = { ...needs, commands: [...(needs.commands ?? []), "xz", "bzip2", "zstd"] };

describeBesideBuildKit("the same build by BuildKit", requirements, () => {
  const builders = useBothBuilders();
  const { folder } = builders;
  let registry: RegistryServer;
  let count = 0;

  beforeAll(async () => {
    registry = await startRegistry();
    await pushBaseImage("busybox", registry.host);
  }, 120_000);

  afterAll(() => registry?.stop());

  /** The error message, when the build was refused. */
  async function buildOwn(
    context: string,
    wanted: DifferentialCase,
    dest: string,
  ): Promise<string | undefined> {
    const request = {
      options: { filename: "Dockerfile", ...wanted.options },
      platforms: [hostPlatform()],
      localDirs: { context, dockerfile: context },
      exports: [{ type: "oci", attrs: { tar: "false", dest } }],
      cwd: folder.path,
      stdout: process.stdout,
    };
    try {
      await builders.engine.build(request, {
        signal: AbortSignal.timeout(120_000),
        progress: () => undefined,
      });
      return undefined;
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  }

  async function buildBoth(wanted: DifferentialCase): Promise<{
    own: ReadImage | { readonly refused: string };
    theirs: ReadImage | { readonly refused: string };
  }> {
    const place = folder.join(`case-${count++}`);
    const context = `${place}/context`;
    const image =
      wanted.image === undefined ? "" : await pushImage(registry.host, `case-${count}`, wanted.image);
    const dockerfile = wanted.dockerfile.replaceAll("$IMAGE", image);
    makeContext(context, { ...wanted, dockerfile }, `${registry.host}/busybox:latest`);
    const [refusedOwn, refusedTheirs] = await Promise.all([
      buildOwn(context, wanted, `${place}/own`),
      builders.reference.build({ context, options: wanted.options ?? {}, dest: `${place}/theirs` }),
    ]);
    const own = refusedOwn === undefined ? await readImage(`${place}/own`) : { refused: refusedOwn };
    const theirs =
      refusedTheirs === undefined ? await readImage(`${place}/theirs`) : { refused: refusedTheirs };
    rmSync(place, { recursive: true, force: true });
    return { own, theirs };
  }

  for (const [title, cases] of Object.entries(GROUPS)) {
    describe(title, () => {
      test.each(cases.map((one) => [one.name, one] as const))(
        "%s",
        { timeout: 180_000 },
        async (_name, wanted) => {
          const { own, theirs } = await buildBoth(wanted);
          if (wanted.fails === true) {
            expect({ own: "refused" in own, theirs: "refused" in theirs }).toEqual({
              own: true,
              theirs: true,
            });
          } else if (wanted.differs !== undefined) {
            expect(own).not.toEqual(theirs);
          } else {
            expect("refused" in theirs ? theirs.refused : "").toBe("");
            expect("refused" in own ? own.refused : "").toBe("");
            expect(own).toEqual(theirs);
          }
        },
      );
    });
  }
});
