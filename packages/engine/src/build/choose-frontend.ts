import fs from "node:fs";
import path from "node:path";
import { InputError, parseImageReference } from "@slipway/oci";
import type { Frontend } from "@slipway/frontend-sdk";
import type { BuildRequest } from "../contracts.ts";
import { detectSyntax } from "./detect-syntax.ts";

/** How much of a build file is looked at for a syntax line, and for JSON, which says it anywhere. In bytes. */
const HEAD_BYTES = 4096;
const JSON_BYTES = 1 << 20;

/**
 * Picks the frontend: by the request, else by the build file's syntax line, else by its name, else the first one.
 * @param frontends in order of preference; not empty.
 * @throws InputError `FRONTEND_UNKNOWN`, `SYNTAX_UNSUPPORTED`
 */
export function chooseFrontend(request: BuildRequest, frontends: readonly Frontend[]): Frontend {
  const byName = (name: string): Frontend | undefined => frontends.find((frontend) => frontend.name === name);
  if (request.frontend !== undefined) {
    const found = byName(request.frontend);
    if (found) return found;
    throw new InputError("FRONTEND_UNKNOWN", `there is no frontend "${request.frontend}"`, {
      hint: `Frontends of this installation: ${frontends.map(({ name }) => name).join(", ")}.`,
    });
  }
  const filename = request.options["filename"];
  const image = request.options["build-arg:BUILDKIT_SYNTAX"]?.split(/\s+/)[0] ?? syntaxOf(request);
  if (image !== undefined) {
    const found =
      byName(image) ??
      frontends.find(({ syntaxImages = [] }) => syntaxImages.some((name) => isImage(image, name)));
    if (found) return found;
    throw new InputError(
      "SYNTAX_UNSUPPORTED",
      `the build file asks for the frontend ${image}, which this version can't run`,
      {
        hint: "Frontends that are images come with a later version: use --frontend to choose a built-in one.",
        ...(filename === undefined ? {} : { location: { file: filename, line: 1 } }),
      },
    );
  }
  const base = path.basename(filename ?? "");
  const byFile = frontends.find(({ fileNames }) =>
    fileNames.some((name) => base === name || base.startsWith(`${name}.`) || base.endsWith(`.${name}`)),
  );
  const chosen = byFile ?? frontends[0];
  if (!chosen)
    throw new InputError("FRONTEND_UNKNOWN", "this engine has no frontends", {
      hint: "Pass one to createEngine.",
    });
  return chosen;
}

function isImage(written: string, name: string): boolean {
  try {
    const [a, b] = [parseImageReference(written), parseImageReference(name)];
    return a.registry === b.registry && a.repository === b.repository;
  } catch {
    return false;
  }
}

/** The frontend that the build file asks for. */
function syntaxOf(request: BuildRequest): string | undefined {
  const { dockerfile: folder } = request.localDirs;
  const filename = request.options["filename"];
  if (folder === undefined || filename === undefined) return undefined;
  const file = path.join(folder, filename);
  const start = head(file, HEAD_BYTES);
  const mayBeJson = /^\uFEFF?(?:#!.*\n)?\s*\{/.test(start);
  return detectSyntax(mayBeJson ? head(file, JSON_BYTES) : start);
}

function head(file: string, bytes: number): string {
  try {
    const fd = fs.openSync(file, "r");
    try {
      const buffer = Buffer.alloc(bytes);
      const read = fs.readSync(fd, buffer, 0, bytes, 0);
      return buffer.toString("utf8", 0, read);
    } finally {
      fs.closeSync(fd);
    }
  } catch {
    // The frontend says what is wrong with a file that can't be read.
    return "";
  }
}
