import { statSync } from "node:fs";
import path from "node:path";
import { InputError } from "@slipway/oci";
import { UsageError } from "../usage-error.ts";
import { isRemoteContext } from "./context-address.ts";

/** What `--build-context` lends a build. */
export interface NamedContexts {
  readonly localDirs: Readonly<Record<string, string>>;
  readonly ociLayouts: Readonly<Record<string, string>>;
  /** `context:NAME` */
  readonly options: Readonly<Record<string, string>>;
}

/**
 * Reads `--build-context name=value`: a folder, an address (`docker-image://`, git, http) that the frontend understands, or
 * `oci-layout://FOLDER[:TAG|@DIGEST]`.
 * @throws UsageError; InputError `CONTEXT_NOT_FOUND`, `OCI_LAYOUT_INVALID`, `IMAGE_NOT_FOUND`
 */
export async function namedContexts(flags: readonly string[], cwd: string): Promise<NamedContexts> {
  const localDirs: Record<string, string> = {};
  const ociLayouts: Record<string, string> = {};
  const options: Record<string, string> = {};
  for (const flag of flags) {
    const equals = flag.indexOf("=");
    const name = flag.slice(0, Math.max(equals, 0));
    const value = flag.slice(equals + 1);
    if (name === "" || value === "") {
      throw new UsageError(
        `--build-context "${flag}" is not of the form name=value`,
        "Write it as --build-context name=FOLDER or name=docker-image://IMAGE.",
      );
    }
    if (name === "context" || name === "dockerfile")
      throw new UsageError(`--build-context can't be named "${name}"`, "Choose another name.");
    const layout = /^oci-layout:\/\/(.+)$/.exec(value)?.[1];
    if (layout !== undefined) {
      const { ociLayoutImage } = await import("./oci-layout-flag.ts");
      const { folder, digest } = ociLayoutImage(layout, cwd);
      const store = layoutName(folder, ociLayouts);
      ociLayouts[store] = folder;
      options[`context:${name}`] = `oci-layout://${store}@${digest}`;
      continue;
    }
    const folder = path.resolve(cwd, value);
    const isFolder = statSync(folder, { throwIfNoEntry: false })?.isDirectory() === true;
    if (!isFolder && (/^[a-z][a-z0-9+-]*:\/\//i.test(value) || isRemoteContext(value))) {
      options[`context:${name}`] = value;
      continue;
    }
    if (!isFolder) {
      throw new InputError(
        "CONTEXT_NOT_FOUND",
        `failed to get build context ${name}: "${value}" is not a folder that exists`,
        {
          hint: "A named context is a folder, a git repository, an http address, or starts with docker-image:// or oci-layout://.",
        },
      );
    }
    localDirs[name] = folder;
    options[`context:${name}`] = `local:${name}`;
  }
  return { localDirs, ociLayouts, options };
}

/** The same folder has one name; the first ones are `layout-1`, `layout-2`, … */
function layoutName(folder: string, known: Readonly<Record<string, string>>): string {
  const same = Object.entries(known).find(([, other]) => other === folder)?.[0];
  return same ?? `layout-${Object.keys(known).length + 1}`;
}
