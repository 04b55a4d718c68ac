import { NO_INPUT, type Edge } from "@slipway/ir";

/** Numbers the inputs of a vertex; the same edge gets one number. */
export class Inputs {
  readonly edges: Edge[] = [];

  add(edge: Edge | null): number {
    if (edge === null) return NO_INPUT;
    const known = this.edges.findIndex(
      ({ vertex, index }) => vertex.digest === edge.vertex.digest && index === edge.index,
    );
    if (known >= 0) return known;
    this.edges.push(edge);
    return this.edges.length - 1;
  }
}
