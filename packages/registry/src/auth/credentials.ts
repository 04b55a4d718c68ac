/** What a person gave for a registry. */
export type Credential =
  | { readonly kind: "password"; readonly username: string; readonly password: string }
  /** A refresh token for the registry's token service. @see distribution, spec/auth/oauth */
  | { readonly kind: "identity-token"; readonly token: string }
  /** A token for the registry itself. */
  | { readonly kind: "registry-token"; readonly token: string };

/** Knows credentials by registry. */
export interface CredentialStore {
  /**
   * @param registry the host as image names spell it (`docker.io`, `ghcr.io`, `localhost:5000`)
   * @returns undefined when there are none: the client stays anonymous.
   */
  get(registry: string, signal: AbortSignal): Promise<Credential | undefined>;
}

/** Never has any. */
export const anonymousCredentials: CredentialStore = { get: () => Promise.resolve(undefined) };

/** Credentials given in memory, by registry. */
export function staticCredentials(byRegistry: Readonly<Record<string, Credential>>): CredentialStore {
  return {
    get: (registry) =>
      Promise.resolve(Object.hasOwn(byRegistry, registry) ? byRegistry[registry] : undefined),
  };
}

/** Asks each store in turn. */
export function firstCredentials(...stores: readonly CredentialStore[]): CredentialStore {
  return {
    async get(registry, signal) {
      for (const store of stores) {
        const credential = await store.get(registry, signal);
        if (credential) return credential;
      }
      return undefined;
    },
  };
}
