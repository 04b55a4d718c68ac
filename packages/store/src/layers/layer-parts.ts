import type { PackLayer, UnpackLayer } from "../archive/contracts.ts";
import type { DigestService } from "../context/digest-service.ts";
import type { BlobStore } from "../contracts.ts";
import type { Session } from "../sessions/session.ts";
import type { LayerTable } from "./layer-table.ts";

/** Turning layers into blobs and back; loaded when first needed. */
export interface Archive {
  readonly packLayer: PackLayer;
  readonly unpackLayer: UnpackLayer;
}

/** What the layers of a store are kept with. */
export interface LayerStoreParts {
  /** Folder of the store, for messages. */
  readonly root: string;
  readonly session: Session;
  readonly table: LayerTable;
  readonly blobs: BlobStore;
  readonly digests: DigestService;
  loadArchive(): Promise<Archive>;
}
