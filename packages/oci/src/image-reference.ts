import { InputError } from "./errors.ts";
import { isDigest, type Digest } from "./digest.ts";

/** A parsed image name. `registry` and `repository` are complete: `busybox` is docker.io and library/busybox. */
export interface ImageReference {
  /** Host, with `:port` when it has one. */
  readonly registry: string;
  readonly repository: string;
  readonly tag?: string;
  readonly digest?: Digest;
}

const PATH_COMPONENT = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*$/;
const DOMAIN =
  /^(?:(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])(?:\.(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9]))*|\[[a-fA-F0-9:]+\])(?::[0-9]+)?$/;
const TAG = /^\w[\w.-]{0,127}$/;

function invalid(text: string, why: string): never {
  throw new InputError("REFERENCE_INVALID", `"${text}" is not an image name: ${why}`, {
    hint: "Write it as [host[:port]/]name[:tag][@sha256:…], all lower case but for the tag.",
  });
}

/**
 * Reads an image name as Docker does: no host means docker.io, no namespace there means `library`. The tag stays
 * absent when it is not given; `latest` is the caller's choice.
 * @throws InputError `REFERENCE_INVALID`
 * @see distribution/reference, grammar
 */
export function parseImageReference(text: string): ImageReference {
  let rest = text;
  let digest: Digest | undefined;
  const at = rest.indexOf("@");
  if (at >= 0) {
    const written = rest.slice(at + 1);
    if (!isDigest(written)) invalid(text, `"${written}" is not a sha256 digest`);
    digest = written;
    rest = rest.slice(0, at);
  }
  let tag: string | undefined;
  const colon = rest.lastIndexOf(":");
  if (colon > rest.lastIndexOf("/")) {
    tag = rest.slice(colon + 1);
    if (!TAG.test(tag)) invalid(text, `"${tag}" is not a tag`);
    rest = rest.slice(0, colon);
  }
  if (rest === "") invalid(text, "the name is empty");
  let registry = "docker.io";
  let repository = rest;
  const slash = rest.indexOf("/");
  if (slash > 0) {
    const head = rest.slice(0, slash);
    if (/[.:[]/.test(head) || head === "localhost" || head.toLowerCase() !== head) {
      registry = head;
      repository = rest.slice(slash + 1);
    }
  }
  if (registry === "index.docker.io") registry = "docker.io";
  if (!DOMAIN.test(registry)) invalid(text, `"${registry}" is not a host name`);
  if (registry === "docker.io" && !repository.includes("/")) repository = `library/${repository}`;
  if (repository.length > 255) invalid(text, "the name is longer than 255 characters");
  for (const component of repository.split("/")) {
    if (!PATH_COMPONENT.test(component)) {
      invalid(
        text,
        component.toLowerCase() !== component
          ? "names are lower case"
          : `"${component}" is not allowed in a name`,
      );
    }
  }
  return { registry, repository, ...(tag ? { tag } : {}), ...(digest ? { digest } : {}) };
}

/** The complete form: `docker.io/library/busybox:latest@sha256:…`. */
export function formatImageReference(reference: ImageReference): string {
  const tag = reference.tag ? `:${reference.tag}` : "";
  const digest = reference.digest ? `@${reference.digest}` : "";
  return `${reference.registry}/${reference.repository}${tag}${digest}`;
}

/** The form people write: without `docker.io/` and `library/`. */
export function familiarImageReference(reference: ImageReference): string {
  const complete = formatImageReference(reference);
  return complete.replace(/^docker\.io\/(?:library\/(?=[^/]+$))?/, "");
}
