export { choosePlatform, compatiblePlatforms } from "./transfer/choose-platform.ts";
export {
  createRegistryClient,
  type RegistryClient,
  type RegistryClientOptions,
  type RequestOptions,
} from "./client.ts";
export {
  anonymousCredentials,
  firstCredentials,
  staticCredentials,
  type Credential,
  type CredentialStore,
} from "./auth/credentials.ts";
export { dockerCredentials } from "./auth/docker-config.ts";
export { apiHost, isLoopbackHost, type Repository } from "./http/host.ts";
export type { BlobName } from "./transfer/pull-blob.ts";
export type { PushableBlob, PushOutcome } from "./transfer/push-blob.ts";
export type { ManifestDocument, RemoteDocument, RemoteImage } from "./transfer/remote-image.ts";
export type { RetryPolicy } from "./http/retry-policy.ts";
