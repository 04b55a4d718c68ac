import type {
  Position,
  ProgressGroup,
  Range,
  SourceInfo,
  VertexLocation,
  VertexMetadata,
} from "../vertex.ts";
import { decodeStringEntry } from "./decode-op.ts";
import { LOCATION, METADATA, SOURCE_INFO, SOURCE_MAP } from "./fields.ts";
import { readFields, readMapEntry } from "./wire-reader.ts";
import { compareUtf8 } from "./wire-writer.ts";

/** Reads a `pb.OpMetadata`. Capabilities come out sorted. */
export function decodeMetadata(bytes: Uint8Array): VertexMetadata {
  const where = "metadata";
  let ignoreCache = false;
  let exportCache: boolean | undefined;
  let progressGroup: ProgressGroup | undefined;
  const description: [string, string][] = [];
  const caps = new Set<string>();
  readFields(bytes, where, (field) => {
    switch (field.number) {
      case METADATA.ignoreCache:
        ignoreCache = field.bool();
        break;
      case METADATA.description:
        description.push(decodeStringEntry(field.bytes(), `${where} description`));
        break;
      case METADATA.exportCache: {
        let value = false;
        readFields(field.bytes(), `${where} export_cache`, (inner) => {
          if (inner.number === 1) value = inner.bool();
        });
        exportCache = value;
        break;
      }
      case METADATA.caps: {
        let needed = false;
        const cap = readMapEntry(field.bytes(), `${where} caps`, (inner) => {
          needed = inner.bool();
        });
        if (needed) caps.add(cap);
        break;
      }
      case METADATA.progressGroup:
        progressGroup = decodeProgressGroup(field.bytes());
        break;
    }
  });
  return {
    ignoreCache,
    description: Object.fromEntries(description),
    ...(exportCache === undefined ? {} : { exportCache }),
    caps: [...caps].sort(compareUtf8),
    ...(progressGroup ? { progressGroup } : {}),
  };
}

function decodeProgressGroup(bytes: Uint8Array): ProgressGroup {
  let id = "";
  let name = "";
  let weak = false;
  readFields(bytes, "metadata progress_group", (field) => {
    if (field.number === 1) id = field.string();
    else if (field.number === 2) name = field.string();
    else if (field.number === 3) weak = field.bool();
  });
  return { id, name, weak };
}

/** Reads a `pb.Source` into `into`. The definitions that its files came from are dropped. */
export function decodeSourceMap(
  bytes: Uint8Array,
  into: { sources: SourceInfo[]; locations: Map<string, readonly VertexLocation[]> },
): void {
  readFields(bytes, "source map", (field) => {
    if (field.number === SOURCE_MAP.infos) into.sources.push(decodeSourceInfo(field.bytes()));
    else if (field.number === SOURCE_MAP.locations) {
      const list: VertexLocation[] = [];
      const digest = readMapEntry(field.bytes(), "source map locations", (value) => {
        readFields(value.bytes(), "source map locations", (inner) => {
          if (inner.number === 1) list.push(decodeLocation(inner.bytes()));
        });
      });
      into.locations.set(digest, list);
    }
  });
}

function decodeSourceInfo(bytes: Uint8Array): SourceInfo {
  let filename = "";
  let data = new Uint8Array(0);
  let language = "";
  readFields(bytes, "source map info", (field) => {
    if (field.number === SOURCE_INFO.filename) filename = field.string();
    else if (field.number === SOURCE_INFO.data) data = new Uint8Array(field.bytes());
    else if (field.number === SOURCE_INFO.language) language = field.string();
  });
  return { filename, data, language };
}

function decodeLocation(bytes: Uint8Array): VertexLocation {
  let source = 0;
  const ranges: Range[] = [];
  readFields(bytes, "source map location", (field) => {
    if (field.number === LOCATION.sourceIndex) source = field.int32();
    else if (field.number === LOCATION.ranges) ranges.push(decodeRange(field.bytes()));
  });
  return { source, ranges };
}

function decodeRange(bytes: Uint8Array): Range {
  let start: Position = { line: 0, character: 0 };
  let end: Position = { line: 0, character: 0 };
  readFields(bytes, "source map range", (field) => {
    if (field.number === 1) start = decodePosition(field.bytes());
    else if (field.number === 2) end = decodePosition(field.bytes());
  });
  return { start, end };
}

function decodePosition(bytes: Uint8Array): Position {
  let line = 0;
  let character = 0;
  readFields(bytes, "source map position", (field) => {
    if (field.number === 1) line = field.int32();
    else if (field.number === 2) character = field.int32();
  });
  return { line, character };
}
