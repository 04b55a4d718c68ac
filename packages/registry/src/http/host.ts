/** Where a repository is: the host as image names spell it, and the path in it. An ImageReference is one. */
export interface Repository {
  /** Host, with `:port` when it has one. */
  readonly registry: string;
  readonly repository: string;
}

/** The host that serves the API of a registry: docker.io's is not docker.io. */
export function apiHost(registry: string): string {
  return registry === "docker.io" || registry === "index.docker.io" ? "registry-1.docker.io" : registry;
}

/** The host without port and brackets. */
export function hostName(host: string): string {
  return new URL(`http://${host}`).hostname.replace(/^\[|\]$/g, "");
}

/** True for hosts that never leave this machine: 127.0.0.0/8, ::1 and localhost. Decided by name; nothing is resolved. */
export function isLoopbackHost(host: string): boolean {
  let name: string;
  try {
    name = hostName(host);
  } catch {
    return false;
  }
  return (
    name === "localhost" || name.endsWith(".localhost") || name === "::1" || /^127\.\d+\.\d+\.\d+$/.test(name)
  );
}
