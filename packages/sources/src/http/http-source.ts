import type { Source } from "@slipway/engine-sdk";
import type { SourceOp } from "@slipway/ir";
import type { HttpSourceMeta, HttpSourceOptions } from "./http-options.ts";
import type { HttpSourceImpl } from "./http-source-impl.ts";

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
