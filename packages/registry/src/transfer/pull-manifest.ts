import {
  formatImageReference,
  InputError,
  isDigest,
  MediaTypes,
  sha256,
  type Descriptor,
  type ImageReference,
  type Platform,
} from "@slipway/oci";
import { choosePlatform } from "./choose-platform.ts";
import type { Endpoint, EndpointRequest } from "../http/endpoint.ts";
import { drain, readBody } from "../http/read-body.ts";
import { unreachable, type Subject } from "../http/registry-errors.ts";
import { checkDigest, readManifestDocument, type ManifestDocument } from "./remote-image.ts";
import { attemptsFor, backoffMs, pause } from "../http/retry-policy.ts";

const ACCEPT = [
  MediaTypes.ociIndex,
  MediaTypes.dockerManifestList,
  MediaTypes.ociManifest,
  MediaTypes.dockerManifest,
].join(", ");
/** What registries accept at most. @see OCI distribution-spec, "Pushing Manifests" */
const MAX_MANIFEST_BYTES = 4 * 1024 * 1024;
/** Indexes in indexes: more is nobody's image. */
const MAX_INDEX_DEPTH = 4;

function mediaTypeOf(header: string | undefined): string {
  return (header ?? "").split(";")[0]?.trim() ?? "";
}

function manifestRequest(reference: ImageReference) {
  const image = formatImageReference(
    reference.tag || reference.digest ? reference : { ...reference, tag: "latest" },
  );
  const subject: Subject = { action: `pull ${image}`, registry: reference.registry, image };
  return {
    target: `/v2/${reference.repository}/manifests/${reference.digest ?? reference.tag ?? "latest"}`,
    scopes: [`repository:${reference.repository}:pull`],
    headers: { accept: ACCEPT },
    subject,
    image,
  };
}

/** The name with which errors speak of an image: complete, with the tag that is meant when none is given. */
export function completeName(reference: ImageReference): string {
  return manifestRequest(reference).image;
}

async function fetchManifest(
  endpoint: Endpoint,
  reference: ImageReference,
  signal: AbortSignal,
): Promise<{ descriptor: Descriptor; bytes: Buffer }> {
  const { image: _image, ...request } = manifestRequest(reference);
  const { response, bytes } = await fetchWhole(endpoint, {
    ...request,
    method: "GET",
    expect: [200],
    signal,
  });
  const served = response.headers["docker-content-digest"];
  const digest =
    reference.digest ?? (typeof served === "string" && isDigest(served) ? served : sha256(bytes));
  checkDigest(bytes, digest, reference.registry);
  return {
    descriptor: {
      mediaType: sniffMediaType(mediaTypeOf(response.headers["content-type"]), bytes),
      digest,
      size: bytes.length,
    },
    bytes,
  };
}

/** Sends a request and reads its answer; a connection that breaks in the middle is a reason to ask again. */
async function fetchWhole(endpoint: Endpoint, request: EndpointRequest) {
  for (let attempt = 1; ; attempt++) {
    const response = await endpoint.request(request);
    try {
      return { response, bytes: await readBody(response.body, MAX_MANIFEST_BYTES) };
    } catch (error) {
      request.signal.throwIfAborted();
      if (error instanceof Error && "family" in error) throw error;
      if (attempt >= attemptsFor(error, endpoint.retry)) throw unreachable(error, request.subject, false);
      await pause(backoffMs(attempt, endpoint.retry), request.signal);
    }
  }
}

/** What a name stands for. One HEAD; a GET where the answer leaves something out. */
export async function headManifest(
  endpoint: Endpoint,
  reference: ImageReference,
  signal: AbortSignal,
): Promise<Descriptor> {
  const { image: _image, ...request } = manifestRequest(reference);
  const response = await endpoint.request({
    ...request,
    method: "HEAD",
    expect: [200, 405, 501],
    signal,
  });
  await drain(response.body);
  const digest = response.headers["docker-content-digest"];
  const size = Number(response.headers["content-length"] ?? Number.NaN);
  const mediaType = mediaTypeOf(response.headers["content-type"]);
  if (
    response.status === 200 &&
    typeof digest === "string" &&
    isDigest(digest) &&
    size > 0 &&
    mediaType.includes("vnd.")
  ) {
    if (reference.digest === undefined || reference.digest === digest) return { mediaType, digest, size };
  }
  return (await fetchManifest(endpoint, reference, signal)).descriptor;
}

/** A manifest or an index, verified and checked. */
export async function pullManifest(
  endpoint: Endpoint,
  reference: ImageReference,
  signal: AbortSignal,
): Promise<ManifestDocument> {
  const { descriptor, bytes } = await fetchManifest(endpoint, reference, signal);
  return readManifestDocument(bytes, descriptor, completeName(reference));
}

/** Walks indexes down to the manifest for a platform. `descriptor` is what the name itself stands for. */
export async function findManifest(
  endpoint: Endpoint,
  reference: ImageReference,
  { platform, signal }: { readonly platform: Platform; readonly signal: AbortSignal },
) {
  const image = completeName(reference);
  const indexes: Extract<ManifestDocument, { kind: "index" }>[] = [];
  let document = await pullManifest(endpoint, reference, signal);
  const { descriptor } = document;
  while (document.kind === "index") {
    indexes.push(document);
    if (indexes.length > MAX_INDEX_DEPTH) {
      throw new InputError(
        "IMAGE_UNSUPPORTED",
        `${image} has indexes nested more than ${MAX_INDEX_DEPTH} deep`,
        {
          hint: "Name the manifest by digest.",
        },
      );
    }
    const chosen = choosePlatform(document.index.manifests, platform, image);
    document = await pullManifest(
      endpoint,
      { registry: reference.registry, repository: reference.repository, digest: chosen.digest },
      signal,
    );
  }
  return { descriptor, indexes, document };
}

/** The media type of a manifest: the header's, or for registries and proxies that send a generic one, the document's own. */
function sniffMediaType(header: string, bytes: Buffer): string {
  if (header.includes("vnd.")) return header;
  try {
    const json = JSON.parse(bytes.toString("utf8")) as {
      mediaType?: unknown;
      manifests?: unknown;
      layers?: unknown;
    };
    if (typeof json.mediaType === "string") return json.mediaType;
    if (Array.isArray(json.manifests)) return MediaTypes.ociIndex;
    if (Array.isArray(json.layers)) return MediaTypes.ociManifest;
  } catch {
    // Judged by the header, in an error that names it.
  }
  return header;
}
