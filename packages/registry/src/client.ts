import {
  formatImageReference,
  InputError,
  isDigest,
  sha256,
  type Descriptor,
  type Digest,
  type ImageReference,
  type Platform,
} from "@slipway/oci";
import { anonymousCredentials, type CredentialStore } from "./auth/credentials.ts";
import { createEndpoint, type Endpoint } from "./http/endpoint.ts";
import { apiHost, type Repository } from "./http/host.ts";
import { pullBlob, type BlobName } from "./transfer/pull-blob.ts";
import { completeName, findManifest, headManifest, pullManifest } from "./transfer/pull-manifest.ts";
import { pushBlob, type PushableBlob, type PushOutcome } from "./transfer/push-blob.ts";
import { drain } from "./http/read-body.ts";
import { checkDigest, type ManifestDocument, type RemoteImage } from "./transfer/remote-image.ts";
import { DEFAULT_RETRY, type RetryPolicy } from "./http/retry-policy.ts";
import { createSemaphore, type Semaphore } from "./semaphore.ts";
import { createTransport } from "./http/transport.ts";

export interface RegistryClientOptions {
  /** Default: anonymous. */
  readonly credentials?: CredentialStore;
  /**
   * Hosts (`name` or `name:port`) that may be spoken to over plain HTTP or with a certificate that nobody vouches
   * for. Loopback hosts may use plain HTTP without being named.
   */
  readonly insecureHosts?: readonly string[];
  /** Where `<host>/*.crt` are looked for. Default: Docker's and Podman's `certs.d`. */
  readonly certFolders?: readonly string[];
  readonly retry?: Partial<RetryPolicy>;
  /** Blobs that are sent or fetched at once, for each registry. Default 4. */
  readonly parallelBlobs?: number;
  /** Uploads go in PATCH requests of this many bytes; absent: one PUT for each blob. */
  readonly chunkBytes?: number;
  readonly userAgent?: string;
  /** For proxies and certificates. Default `process.env`. */
  readonly env?: NodeJS.ProcessEnv;
}

export interface RequestOptions {
  readonly signal: AbortSignal;
}

/**
 * Speaks to OCI registries. Connections and log-ins are kept between calls and shared by parallel ones; nothing is
 * loaded or sent before the first call. Each call throws WorldError `REGISTRY_UNREACHABLE`, `REGISTRY_UNAUTHORIZED`,
 * `REGISTRY_FORBIDDEN`, `TOO_MANY_REQUESTS` or `REGISTRY_ERROR`, or the signal's reason.
 * @see OCI distribution-spec
 */
export interface RegistryClient {
  /**
   * What a name stands for now: an index or a manifest. One HEAD; a GET only where the registry leaves out the digest.
   * A reference without tag and digest means `latest`. With `platform`, an index is read and the descriptor of that
   * platform's manifest is given.
   * @throws InputError `IMAGE_NOT_FOUND`, `PLATFORM_NOT_FOUND`
   */
  resolve(
    reference: ImageReference,
    options: RequestOptions & { readonly platform?: Platform },
  ): Promise<Descriptor>;
  /** @throws InputError `IMAGE_NOT_FOUND`, `DOCUMENT_INVALID`, `IMAGE_UNSUPPORTED`; WorldError `BLOB_DIGEST_MISMATCH` */
  manifest(reference: ImageReference, options: RequestOptions): Promise<ManifestDocument>;
  /**
   * Manifest and config of the image that runs best on a platform. An image that is no index is given whatever its
   * platform: compare `config.config`.
   * @throws InputError `PLATFORM_NOT_FOUND` and what `manifest` throws.
   */
  image(reference: ImageReference, platform: Platform, options: RequestOptions): Promise<RemoteImage>;
  /**
   * A blob's bytes; sends nothing before the first `next`. They may be trusted only once the iteration has ended
   * without an error. @throws WorldError `BLOB_DIGEST_MISMATCH`
   */
  blob(repository: Repository, blob: BlobName, options: RequestOptions): AsyncIterable<Buffer>;
  hasBlob(repository: Repository, digest: Digest, options: RequestOptions): Promise<boolean>;
  /** Makes sure that a repository has a blob: finds, mounts or uploads it. */
  pushBlob(
    repository: Repository,
    blob: PushableBlob,
    options: RequestOptions & { readonly onProgress?: (sentBytes: number) => void },
  ): Promise<PushOutcome>;
  /** Puts a manifest or index, whose blobs must be there, under a tag or (without one) its digest. */
  pushManifest(
    repository: Repository,
    document: { readonly bytes: Uint8Array; readonly mediaType: string; readonly tag?: string },
    options: RequestOptions,
  ): Promise<Descriptor>;
  /** Ends idle connections; they do not keep the process alive anyway. */
  close(): void;
}

interface Host {
  readonly endpoint: Endpoint;
  readonly blobs: Semaphore;
}

function insecureKey(host: string): string {
  return apiHost(host).toLowerCase();
}

export function createRegistryClient(options: RegistryClientOptions = {}): RegistryClient {
  const retry: RetryPolicy = { ...DEFAULT_RETRY, ...options.retry };
  const insecure = new Set((options.insecureHosts ?? []).map(insecureKey));
  const transport = createTransport({ certFolders: options.certFolders, env: options.env });
  const hosts = new Map<string, Host>();

  function hostOf({ registry }: Repository): Host {
    let host = hosts.get(registry);
    if (!host) {
      host = {
        endpoint: createEndpoint({
          registry,
          transport,
          credentials: options.credentials ?? anonymousCredentials,
          insecure:
            insecure.has(insecureKey(registry)) || insecure.has(insecureKey(registry.replace(/:\d+$/, ""))),
          retry,
          userAgent: options.userAgent ?? "slipway",
        }),
        blobs: createSemaphore(options.parallelBlobs ?? 4),
      };
      hosts.set(registry, host);
    }
    return host;
  }

  async function* limitedBlob(
    repository: Repository,
    blob: BlobName,
    signal: AbortSignal,
  ): AsyncGenerator<Buffer, void, undefined> {
    const host = hostOf(repository);
    const release = await host.blobs.acquire(signal);
    try {
      yield* pullBlob({ endpoint: host.endpoint, repository, blob, retry, signal });
    } finally {
      release();
    }
  }

  return {
    async resolve(reference, { platform, signal }) {
      if (platform === undefined) return headManifest(hostOf(reference).endpoint, reference, signal);
      return (await findManifest(hostOf(reference).endpoint, reference, { platform, signal })).document
        .descriptor;
    },
    manifest: async (reference, { signal }) => pullManifest(hostOf(reference).endpoint, reference, signal),
    async image(reference, platform, { signal }) {
      const { descriptor, indexes, document } = await findManifest(hostOf(reference).endpoint, reference, {
        platform,
        signal,
      });
      const wanted = document.manifest.config;
      const { MAX_DOCUMENT_BYTES, parseImageConfig } = await import("@slipway/oci/schemas");
      const image = completeName(reference);
      if (wanted.size > MAX_DOCUMENT_BYTES) {
        throw new InputError(
          "DOCUMENT_TOO_LARGE",
          `the config of ${image} has ${wanted.size} bytes, more than ${MAX_DOCUMENT_BYTES}`,
          {
            hint: "The image is damaged or made to do harm: do not use it.",
          },
        );
      }
      const chunks: Buffer[] = [];
      for await (const chunk of limitedBlob(reference, wanted, signal)) chunks.push(chunk);
      const bytes = Buffer.concat(chunks);
      const config = parseImageConfig(bytes);
      const layers = document.manifest.layers.length;
      const diffIds = config.rootfs?.diff_ids.length ?? 0;
      if (layers !== diffIds) {
        throw new InputError(
          "DOCUMENT_INVALID",
          `the manifest of ${image} names ${layers} layers, its config ${diffIds}`,
          {
            hint: "Push the image again: it is damaged.",
          },
        );
      }
      return { descriptor, indexes, manifest: document, config: { descriptor: wanted, bytes, config } };
    },
    blob: (repository, blob, { signal }) => limitedBlob(repository, blob, signal),
    async hasBlob(repository, digest, { signal }) {
      const response = await hostOf(repository).endpoint.request({
        method: "HEAD",
        target: `/v2/${repository.repository}/blobs/${digest}`,
        scopes: [`repository:${repository.repository}:pull`],
        expect: [200, 404],
        subject: {
          action: `look for ${digest} in ${repository.registry}/${repository.repository}`,
          registry: repository.registry,
        },
        signal,
      });
      await drain(response.body);
      return response.status === 200;
    },
    async pushBlob(repository, blob, { signal, onProgress }) {
      const host = hostOf(repository);
      const release = await host.blobs.acquire(signal);
      try {
        return await pushBlob({
          endpoint: host.endpoint,
          repository,
          blob,
          retry,
          chunkBytes: options.chunkBytes,
          onProgress,
          signal,
        });
      } finally {
        release();
      }
    },
    async pushManifest(repository, { bytes, mediaType, tag }, { signal }) {
      const digest = sha256(bytes);
      const image = formatImageReference({
        registry: repository.registry,
        repository: repository.repository,
        tag,
        digest: tag ? undefined : digest,
      });
      const response = await hostOf(repository).endpoint.request({
        method: "PUT",
        target: `/v2/${repository.repository}/manifests/${tag ?? digest}`,
        scopes: [`repository:${repository.repository}:pull,push`],
        headers: { "content-type": mediaType, "content-length": String(bytes.byteLength) },
        body: bytes,
        expect: [200, 201, 202],
        subject: { action: `push ${image}`, registry: repository.registry },
        signal,
      });
      await drain(response.body);
      const stored = response.headers["docker-content-digest"];
      if (typeof stored === "string" && isDigest(stored) && stored !== digest)
        checkDigest(bytes, stored, repository.registry);
      return { mediaType, digest, size: bytes.byteLength };
    },
    close: () => transport.close(),
  };
}
