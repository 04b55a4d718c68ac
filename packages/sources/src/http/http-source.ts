import type { BuildSession, Source } from "@slipway/engine-sdk";
import type { SourceOp } from "@slipway/ir";
import type { Digest } from "@slipway/oci";
import type { Transport } from "@slipway/registry/transport";
import type { Store } from "@slipway/store";
import type { HttpLimits } from "./http-request.ts";
import type { HttpSourceImpl } from "./http-source-impl.ts";

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

export interface HttpSource extends Source {
  meta(op: SourceOp, signal: AbortSignal): Promise<HttpSourceMeta>;
}

/**
 * Files by HTTP: `http://…` and `https://…`, with BuildKit's attributes (`http.checksum`, `.filename`, `.perm`, `.uid`,
 * `.gid`, `.authheadersecret`, `.header.accept` and `.header.user-agent`), each a filesystem of one file. A download is
 * kept, and taken again as long as the server says that it is unchanged; with a checksum nobody is asked.
 * One for each build: a URL means the same content throughout.
 */
export function createHttpSource(options: HttpSourceOptions): HttpSource {
  let impl: Promise<HttpSourceImpl> | undefined;
  const load = (): Promise<HttpSourceImpl> =>
    (impl ??= import("./http-source-impl.ts").then(({ createHttpSourceImpl }) =>
      createHttpSourceImpl(options),
    ));
  return {
    schemes: ["http", "https"],
    key: async (op, _platform, signal) => (await load()).key(op, signal),
    load: async (op, _platform, task) => (await load()).load(op, task),
    meta: async (op, signal) => (await load()).meta(op, signal),
  };
}
