import { formatImageReference, InputError, parseImageReference } from "@slipway/oci";
import { problemError } from "../../problems.ts";
import { gitSource, parseGitReference } from "./git-reference.ts";
import type { Base } from "../plan/plan.ts";
import { shownAddress } from "./shown-address.ts";

const KINDS =
  "A named context is a folder, docker-image://name, oci-layout://store@sha256:…, an address by http(s), or a git repository.";

/**
 * What `--build-context name=value` stands for.
 * @param name as the build file writes it
 * @param key the option's name, with a platform perhaps
 * @throws InputError `CONTEXT_INVALID`, `GIT_REFERENCE_INVALID`
 */
export function contextBase(name: string, key: string, value: string): Base {
  const image = /^docker-image:(?:\/\/)?(.+)$/.exec(value)?.[1];
  if (image === "scratch") return { kind: "scratch" };
  if (image !== undefined) return { kind: "image", name: image, customName: `[context ${key}] ${image}` };
  const local = /^local:(?:\/\/)?(.+)$/.exec(value)?.[1];
  if (local !== undefined) return { kind: "local", name: local, contextName: key, excludePatterns: [] };
  const layout = /^oci-layout:(?:\/\/)?(.+)$/.exec(value)?.[1];
  if (layout !== undefined) return layoutBase(name, key, layout);
  const reference = parseGitReference(value);
  if (reference !== null) {
    const customName = `[internal] load git source ${shownAddress(value)}`;
    return { kind: "remote", source: gitSource(reference), customName };
  }
  if (/^https?:/i.test(value)) {
    const source = { identifier: value, attrs: { "http.filename": "context" }, caps: ["source.http"] };
    return { kind: "remote", source, customName: `[context ${key}] ${shownAddress(value)}` };
  }
  return fail(key, `cannot be "${shownAddress(value)}"`, hintFor(value));
}

function hintFor(value: string): string {
  if (/^(?:target|input):/.test(value))
    return "Results of other builds cannot be lent yet: push the other build's image, or write it as an OCI layout.";
  if (/^(?:git|ssh):/.test(value)) return "Write git://host/path or ssh://user@host/path.";
  return KINDS;
}

function fail(key: string, what: string, hint: string): never {
  throw problemError({ code: "CONTEXT_INVALID", message: `the named context ${key} ${what}`, hint });
}

/** `store@sha256:…`, with a tag perhaps, which says nothing beside the digest. */
function layoutBase(name: string, key: string, layout: string): Base {
  const match = /^([^@:]+)(?::[^@]*)?@(\w+:[\da-f]+)$/.exec(layout);
  if (match === null) {
    const what = layout.includes("@") ? `cannot be "oci-layout://${layout}"` : "does not say which image";
    return fail(key, what, "Add the image's digest: oci-layout://store@sha256:….");
  }
  const [, layoutStore = "", digest = ""] = match;
  return {
    kind: "image",
    name: dummyReference(name, digest),
    layout: layoutStore,
    customName: `[context ${key}] OCI load from client`,
  };
}

/** Images in layouts have no names of their own: the context's stands for it, as with BuildKit. */
function dummyReference(name: string, digest: string): string {
  const parse = (text: string): string => {
    const { registry, repository } = parseImageReference(text);
    return formatImageReference({ registry, repository, digest: digest as never });
  };
  try {
    return parse(name);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return parse("context");
  }
}

/** The attributes of an image in an OCI layout. */
export function layoutAttrs({ layout }: { readonly layout?: string }): Readonly<Record<string, string>> {
  return { "oci.store": layout ?? "" };
}
