import { type Digest, sha256 } from "@slipway/oci";
import { canonicalOpBytes } from "../create-vertex.ts";
import type { Definition, Position, SourceInfo, VertexLocation, VertexMetadata } from "../vertex.ts";
import { walkVertices } from "../walk.ts";
import { writeClosingOp } from "./encode-op.ts";
import { DEFINITION, LOCATION, METADATA, SOURCE_INFO, SOURCE_MAP } from "./fields.ts";
import { compareUtf8, WireWriter } from "./wire-writer.ts";

/**
 * Writes a definition as `pb.Definition`, the same bytes for equal definitions: each vertex once and behind its
 * inputs, then the op without a kind that points at the result, metadata and source map by digest. An empty
 * filesystem has no op at all.
 */
export function encode(definition: Definition): Uint8Array {
  const w = new WireWriter();
  const metadata: [Digest, VertexMetadata][] = [];
  for (const vertex of walkVertices(definition.result)) {
    w.bytesElement(DEFINITION.def, canonicalOpBytes(vertex.op, vertex.inputs, vertex.constraints));
    metadata.push([vertex.digest, vertex.metadata]);
  }
  if (definition.result) {
    const { vertex, index } = definition.result;
    const closing = new WireWriter();
    writeClosingOp(closing, { digest: vertex.digest, index });
    const bytes = closing.finish();
    w.bytesElement(DEFINITION.def, bytes);
    metadata.push([sha256(bytes), closingMetadata(metadata)]);
  }
  metadata.sort(([a], [b]) => compareUtf8(a, b));
  for (const [digest, value] of metadata) {
    w.begin(DEFINITION.metadata);
    w.element(1, digest);
    w.begin(2);
    writeMetadata(w, value);
    w.end();
    w.end();
  }
  if (definition.sources.length > 0 || definition.locations.size > 0) {
    w.begin(DEFINITION.source);
    writeSourceMap(w, definition);
    w.end();
  }
  return w.finish();
}

/** The closing op asks for what a builder must understand to read the others' metadata. */
function closingMetadata(others: readonly [Digest, VertexMetadata][]): VertexMetadata {
  const caps = ["constraints", "platform"];
  const some = (test: (metadata: VertexMetadata) => boolean) => others.some(([, metadata]) => test(metadata));
  if (some((metadata) => metadata.ignoreCache)) caps.push("meta.ignorecache");
  if (some((metadata) => Object.keys(metadata.description).length > 0)) caps.push("meta.description");
  if (some((metadata) => metadata.exportCache !== undefined)) caps.push("meta.exportcache");
  return { ignoreCache: false, description: {}, caps };
}

function writeMetadata(w: WireWriter, metadata: VertexMetadata): void {
  w.bool(METADATA.ignoreCache, metadata.ignoreCache);
  w.stringMap(METADATA.description, metadata.description);
  if (metadata.exportCache !== undefined) {
    w.begin(METADATA.exportCache);
    w.bool(1, metadata.exportCache);
    w.end();
  }
  for (const cap of [...new Set(metadata.caps)].sort(compareUtf8)) {
    w.begin(METADATA.caps);
    w.element(1, cap);
    w.boolElement(2, true);
    w.end();
  }
  if (metadata.progressGroup) {
    w.begin(METADATA.progressGroup);
    w.string(1, metadata.progressGroup.id);
    w.string(2, metadata.progressGroup.name);
    w.bool(3, metadata.progressGroup.weak);
    w.end();
  }
}

function writeSourceMap(w: WireWriter, { sources, locations }: Definition): void {
  const byDigest = [...locations].sort(([a], [b]) => compareUtf8(a, b));
  for (const [digest, list] of byDigest) {
    w.begin(SOURCE_MAP.locations);
    w.element(1, digest);
    w.begin(2);
    for (const location of list) {
      w.begin(1);
      writeLocation(w, location);
      w.end();
    }
    w.end();
    w.end();
  }
  for (const info of sources) {
    w.begin(SOURCE_MAP.infos);
    writeSourceInfo(w, info);
    w.end();
  }
}

function writeLocation(w: WireWriter, location: VertexLocation): void {
  w.int32(LOCATION.sourceIndex, location.source);
  for (const range of location.ranges) {
    w.begin(LOCATION.ranges);
    writePosition(w, 1, range.start);
    writePosition(w, 2, range.end);
    w.end();
  }
}

function writePosition(w: WireWriter, field: number, position: Position): void {
  w.begin(field);
  w.int32(1, position.line);
  w.int32(2, position.character);
  w.end();
}

function writeSourceInfo(w: WireWriter, info: SourceInfo): void {
  w.string(SOURCE_INFO.filename, info.filename);
  w.bytes(SOURCE_INFO.data, info.data);
  w.string(SOURCE_INFO.language, info.language);
}
