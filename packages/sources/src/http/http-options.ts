import type { BuildSession } from "@slipway/engine-sdk";
import type { Digest } from "@slipway/oci";
import type { Transport } from "@slipway/registry/transport";
import type { Store } from "@slipway/store";
import type { HttpLimits } from "./http-request.ts";

export interface HttpSourceOptions {
  readonly store: Store;
  /** Lends `HTTP_AUTH_HEADER_<host>`, `HTTP_AUTH_TOKEN_<host>`. */
  readonly session?: BuildSession;
  /** Files of the caller that `http://buildkit-session/<id>` stands for: absolute paths by id. */
  readonly uploads?: Readonly<Record<string, string>>;
  /** Connections that others use, too; default: own ones. */
  readonly transport?: () => Transport;
  readonly limits?: Partial<HttpLimits>;
}

/** What a URL stands for in this build. */
export interface HttpSourceMeta {
  readonly checksum: Digest;
  readonly filename: string;
  readonly lastModifiedMs?: number;
}
