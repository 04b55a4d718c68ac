import type { Store } from "@slipway/store";

export interface OciLayoutSourceOptions {
  readonly store: Store;
  /** Folders in OCI layout that the build was lent: absolute paths by store. */
  readonly layouts: Readonly<Record<string, string>>;
}
