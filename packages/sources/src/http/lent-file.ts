import fs from "node:fs";
import { InputError } from "@slipway/oci";
import type { Ref } from "@slipway/engine-sdk";
import { bytesOfText, type BytePath } from "@slipway/store";
import type { HttpRequestSpec } from "./http-attrs.ts";
import type { HttpSourceOptions } from "./http-options.ts";

/** The host that stands for whoever runs the build: `http://buildkit-session/<id>` is a file that they lend. */
export const UPLOAD_HOST = "buildkit-session";

/** A lent file (a context archive from stdin) as a filesystem with that file. It has no key: its content tells. */
export function lentFile(spec: HttpRequestSpec, { store, uploads = {} }: HttpSourceOptions): Ref {
  const id = spec.url.pathname.slice(1);
  const file = Object.hasOwn(uploads, id) ? uploads[id] : undefined;
  if (file === undefined) {
    throw new InputError("UPLOAD_NOT_LENT", "the build wants a file of its caller that it was not given", {
      hint: "Give the context on stdin: slipway build - < context.tar",
    });
  }
  const stat = fs.statSync(file, { bigint: true });
  return {
    layers: [
      store.layers.addVolatile({
        entries: [
          {
            kind: "file",
            path: bytesOfText(spec.filename ?? "context") as BytePath,
            mode: spec.mode,
            uid: spec.uid,
            gid: spec.gid,
            mtimeNs: 0n,
            sizeBytes: Number(stat.size),
            content: {
              kind: "host",
              path: bytesOfText(file),
              identity: {
                dev: stat.dev,
                ino: stat.ino,
                sizeBytes: Number(stat.size),
                mtimeNs: stat.mtimeNs,
                ctimeNs: stat.ctimeNs,
              },
            },
          },
        ],
      }),
    ],
  };
}
