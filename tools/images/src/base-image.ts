import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import path from "node:path";
import { missingRequirement, runCommand, type Requirements } from "@slipway/testing/fixtures";
import { busyboxRecipe } from "./busybox-recipe.ts";
import { debianRecipe } from "./debian-recipe.ts";
import { nodeRecipe } from "./node-recipe.ts";
import { writeOciLayout } from "./oci-layout.ts";
import type { Recipe } from "./recipe.ts";

export type BaseImageName = "busybox" | "debian" | "node";

export const BASE_IMAGE_NAMES: readonly BaseImageName[] = ["busybox", "debian", "node"];

const RECIPES: Readonly<Record<BaseImageName, Recipe>> = {
  busybox: busyboxRecipe,
  debian: debianRecipe,
  node: nodeRecipe,
};

/** What tests need that use these base images from a registry of their own. */
export function baseImageRequirements(names: readonly BaseImageName[]): Requirements {
  const all = names.map((name) => RECIPES[name].requirements);
  return {
    root: all.some((requirements) => requirements.root === true),
    commands: [
      ...new Set(["docker-registry", "setpriv", "skopeo", ...all.flatMap(({ commands = [] }) => commands)]),
    ],
  };
}

/** Where made images are kept: `$SLIPWAY_TEST_IMAGES`, else `node_modules/.cache/slipway-images` of the workspace. */
export function imageCacheFolder(): string {
  return (
    process.env["SLIPWAY_TEST_IMAGES"] ??
    path.resolve(import.meta.dirname, "../../../node_modules/.cache/slipway-images")
  );
}

/**
 * Makes an image unless it is there already.
 * @returns the folder of an OCI image layout in which the image is tagged `latest`
 */
export async function ensureBaseImage(name: BaseImageName): Promise<string> {
  const recipe = RECIPES[name];
  const missing = missingRequirement(recipe.requirements);
  if (missing !== undefined) throw new Error(`the base image ${name} ${missing}`);
  const key = createHash("sha256")
    .update(await recipe.key())
    .digest("hex")
    .slice(0, 16);
  const cache = imageCacheFolder();
  const folder = path.join(cache, `${name}-${key}`);
  if (existsSync(folder)) return folder;

  mkdirSync(cache, { recursive: true });
  const workdir = mkdtempSync(path.join(cache, `.${name}-`));
  try {
    const base = recipe.base === undefined ? undefined : await ensureBaseImage(recipe.base as BaseImageName);
    const { layerTars, config } = await recipe.make(workdir, base);
    const layout = path.join(workdir, "layout");
    await writeOciLayout(layout, layerTars, { config, base });
    try {
      renameSync(layout, folder);
    } catch (error) {
      // Another process was faster: its image is as good.
      if (!existsSync(folder)) throw error;
    }
  } finally {
    rmSync(workdir, { recursive: true, force: true });
  }
  return folder;
}

/**
 * Pushes a base image as `HOST/NAME:latest`, making it first when needed.
 * @param host of a registry that speaks plain HTTP, for example `127.0.0.1:5000`
 * @returns the image's full name
 */
export async function pushBaseImage(name: BaseImageName, host: string): Promise<string> {
  const folder = await ensureBaseImage(name);
  const image = `${host}/${name}:latest`;
  await runCommand("skopeo", [
    "copy",
    "-q",
    "--dest-tls-verify=false",
    `oci:${folder}:latest`,
    `docker://${image}`,
  ]);
  return image;
}
