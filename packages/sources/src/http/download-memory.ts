import { isDigest, sha256, type Digest } from "@slipway/oci";
import type { LayerId } from "@slipway/engine-sdk";
import type { Store } from "@slipway/store";

const OWNER = "slipway.source.http";

/** A download whose content is in the store. */
export interface Download {
  readonly digest: Digest;
  readonly sizeBytes: number;
  /** Of `Last-Modified`, in seconds since the epoch. */
  readonly lastModifiedSeconds?: number;
  /** The name that the server proposed. */
  readonly serverName?: string;
  /** What to ask the server with, whether it has something newer. */
  readonly etag?: string;
  readonly lastModified?: string;
  /** The layer that holds the content, as the file `content`. */
  readonly layer: LayerId;
}

/** Remembers downloads from build to build by what was asked for; those whose content was pruned are forgotten. */
export interface DownloadMemory {
  get(request: string): Download | undefined;
  put(request: string, download: Download): void;
}

export function createDownloadMemory(store: Store): DownloadMemory {
  const keyOf = (request: string): Digest => sha256(`v1 ${request}`);
  return {
    get(request) {
      const bytes = store.memory.get(OWNER, keyOf(request));
      if (bytes === undefined) return undefined;
      const download = parse(bytes);
      return download !== undefined && store.layers.isDurable(download.layer) ? download : undefined;
    },
    put: (request, download) =>
      store.memory.put(OWNER, keyOf(request), new TextEncoder().encode(JSON.stringify(download))),
  };
}

function parse(bytes: Uint8Array): Download | undefined {
  try {
    const download = JSON.parse(new TextDecoder().decode(bytes)) as Download;
    return isDigest(download.digest) && typeof download.layer === "string" ? download : undefined;
  } catch {
    return undefined;
  }
}
