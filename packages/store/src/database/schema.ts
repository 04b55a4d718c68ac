/**
 * Of `PRAGMA user_version`; a different one makes a new database (the layers of the old become garbage). Slipways of
 * several versions share a store: those of before set aside what a newer one made. What can be added so that they are
 * neither misled nor misled by it is added without a new version, as `pieces` was.
 */
export const SCHEMA_VERSION = 2;

/** Older databases of the same version lack it until something is to be written there. */
export const CREATE_PIECES =
  "CREATE TABLE IF NOT EXISTS pieces (id TEXT PRIMARY KEY, layers TEXT NOT NULL) WITHOUT ROWID";

/**
 * layers: one row for each layer that outlives a process. Its index is `indexes/<id>`, its tree,
 * if any, the folder `tree` below `l/`. `own_content` is 1 when files of the index have their content in the layer's own
 * tree or blob, so that one of the two must be there; `needs` names the layers that lend it content. `boot` is empty when all its files are known to be on the disk, else the boot during which
 * they were written: after another boot they are not trusted. `doomed` rows are being pruned and count as absent.
 * blobs: the forms of a layer as a blob; `variant` is compression:level:timestamp, or "origin" for one that was pulled.
 * results: what a key stands for, as JSON `(LayerId[] | null)[]`; the first item of a chain may be the id of a piece. To
 * versions that do not know pieces it is a layer that is not there, so that they find nothing.
 * pieces: chains that results have in common, as JSON `LayerId[]`, the first item again perhaps a piece; named for their
 * content, so that a name never stands for another one. See ChainTable.
 * memory: what frontends derived from bytes alone; may go at any time.
 */
export const SCHEMA = `
CREATE TABLE layers (
  id TEXT PRIMARY KEY,
  created TEXT NOT NULL,
  diff_id TEXT,
  own_content INTEGER NOT NULL,
  tree TEXT UNIQUE,
  boot TEXT NOT NULL DEFAULT '',
  size_bytes INTEGER NOT NULL DEFAULT 0,
  needs TEXT NOT NULL DEFAULT '[]',
  description TEXT NOT NULL DEFAULT '',
  doomed INTEGER NOT NULL DEFAULT 0,
  created_ms INTEGER NOT NULL,
  last_used_ms INTEGER NOT NULL,
  usage_count INTEGER NOT NULL DEFAULT 1
) WITHOUT ROWID;
CREATE TABLE blobs (
  layer TEXT NOT NULL,
  variant TEXT NOT NULL,
  digest TEXT NOT NULL,
  diff_id TEXT NOT NULL,
  descriptor TEXT NOT NULL,
  origins TEXT NOT NULL DEFAULT '[]',
  PRIMARY KEY (layer, variant)
) WITHOUT ROWID;
CREATE INDEX blobs_by_digest ON blobs (digest);
CREATE TABLE results (
  key TEXT PRIMARY KEY,
  outputs TEXT NOT NULL,
  description TEXT NOT NULL,
  created_ms INTEGER NOT NULL,
  last_used_ms INTEGER NOT NULL,
  usage_count INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
${CREATE_PIECES};
CREATE TABLE memory (
  owner TEXT NOT NULL,
  key TEXT NOT NULL,
  value BLOB NOT NULL,
  created_ms INTEGER NOT NULL,
  PRIMARY KEY (owner, key)
)
`;
