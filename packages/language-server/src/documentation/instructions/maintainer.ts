import type { InstructionDocumentation } from "../instruction-documentation.ts";
import { referenceUrl } from "../reference-url.ts";

export const maintainer: InstructionDocumentation = {
  name: "MAINTAINER",
  summary: "Sets the author of the image.",
  syntax: ["MAINTAINER <name>"],
  example: 'LABEL org.opencontainers.image.authors="me@example.com"',
  url: referenceUrl("maintainer-deprecated"),
  snippet: "${1:name}",
  flags: [],
  deprecated: "Write `LABEL org.opencontainers.image.authors` instead.",
};
