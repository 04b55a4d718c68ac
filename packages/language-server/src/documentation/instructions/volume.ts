import type { InstructionDocumentation } from "../instruction-documentation.ts";
import { referenceUrl } from "../reference-url.ts";

export const volume: InstructionDocumentation = {
  name: "VOLUME",
  summary: "Folders whose contents live outside the container: whoever runs it gets a volume there.",
  syntax: ["VOLUME <path>…", 'VOLUME ["<path>", …]'],
  example: 'VOLUME ["/var/lib/data"]',
  url: referenceUrl("volume"),
  snippet: '["${1:/data}"]',
  flags: [],
};
