const REFERENCE = "https://docs.docker.com/reference/dockerfile/";

/** The address of a section of the Dockerfile reference; of the reference itself when the anchor is empty. */
export function referenceUrl(anchor: string): string {
  return anchor === "" ? REFERENCE : `${REFERENCE}#${anchor}`;
}
