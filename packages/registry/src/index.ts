export { choosePlatform, compatiblePlatforms } from "./choose-platform.ts";
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
} from "./credentials.ts";
export { dockerCredentials } from "./docker-config.ts";
export { apiHost, isLoopbackHost, type Repository } from "./host.ts";
export type { BlobName } from "./pull-blob.ts";
export type { PushableBlob, PushOutcome } from "./push-blob.ts";
export type { ManifestDocument, RemoteDocument, RemoteImage } from "./remote-image.ts";
export type { RetryPolicy } from "./retry-policy.ts";
