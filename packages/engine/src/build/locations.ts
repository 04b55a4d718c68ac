import type { Definition, Vertex, VertexLocation } from "@slipway/ir";
import { type Digest, InputError, type SourceLocation, WorldError } from "@slipway/oci";

/** Remembers where in build files vertices were written, for the errors of one build. */
export interface Locations {
  add(definition: Definition): void;
  /** The same error, with the place of the vertex when it is the input's fault, or about the step, and has no place yet. */
  locate(error: unknown, vertex: Vertex): unknown;
}

export function createLocations(): Locations {
  const places = new Map<Digest, { definition: Definition; locations: readonly VertexLocation[] }>();
  return {
    add(definition) {
      for (const [digest, locations] of definition.locations) {
        if (!places.has(digest)) places.set(digest, { definition, locations });
      }
    },
    locate(error, vertex) {
      const isPlaced = error instanceof InputError || isAboutStep(error);
      if (!isPlaced || error.location) return error;
      const place = places.get(vertex.digest);
      const location = place && sourceLocation(place.definition, place.locations[0]);
      if (!location) return error;
      const { code, message, hint, data, cause } = error;
      const options = { hint, data, cause, location };
      return error instanceof InputError
        ? new InputError(code, message, options)
        : new WorldError(code, message, { ...options, retryable: error.retryable });
    },
  };
}

/** What the world lacks for one step and not for others: people look at the step. */
function isAboutStep(error: unknown): error is WorldError {
  return error instanceof WorldError && ["OWNER_NOT_MAPPED", "USER_NOT_MAPPED"].includes(error.code);
}

function sourceLocation(
  definition: Definition,
  location: VertexLocation | undefined,
): SourceLocation | undefined {
  const source = location && definition.sources[location.source];
  const range = location?.ranges[0];
  if (!source || !range) return undefined;
  const includedFrom = sourceLocation(definition, location.includedFrom);
  const line = Buffer.from(source.data).toString("utf8").split(/\r?\n/)[range.start.line - 1];
  return {
    file: source.filename,
    line: range.start.line,
    endLine: location.ranges.at(-1)?.end.line ?? range.end.line,
    ...(line === undefined ? {} : { excerpt: line }),
    ...(includedFrom === undefined ? {} : { includedFrom }),
  };
}
