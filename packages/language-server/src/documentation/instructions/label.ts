import type { InstructionDocumentation } from "../instruction-documentation.ts";
import { referenceUrl } from "../reference-url.ts";

export const label: InstructionDocumentation = {
  name: "LABEL",
  summary: "Adds labels to the image's configuration: names and values that tools and people read.",
  syntax: ["LABEL <name>=<value> [<name>=<value>…]"],
  details:
    "Names that many tools know begin with `org.opencontainers.image.`: `source`, `version`, `licenses`, `authors`.",
  example: 'LABEL org.opencontainers.image.source="https://github.com/example/app"',
  url: referenceUrl("label"),
  snippet: '${1:name}="${2:value}"',
  flags: [],
};
