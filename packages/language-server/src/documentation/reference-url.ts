const REFERENCE = "https://docs.docker.com/reference/dockerfile/";

/** Where Slipway's own documents are. */
export const SLIPWAY_DOCUMENTS = "https://github.com/slipway-build/slipway/blob/main/docs/";

/** The address of a section of the Dockerfile reference; of the reference itself when the anchor is empty. */
export function referenceUrl(anchor: string): string {
  return anchor === "" ? REFERENCE : `${REFERENCE}#${anchor}`;
}
