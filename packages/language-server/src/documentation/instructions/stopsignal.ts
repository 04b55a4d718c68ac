import type { InstructionDocumentation } from "../instruction-documentation.ts";
import { referenceUrl } from "../reference-url.ts";

export const stopsignal: InstructionDocumentation = {
  name: "STOPSIGNAL",
  summary: "The signal that asks containers of the image to stop; SIGTERM by default.",
  syntax: ["STOPSIGNAL <name or number>"],
  example: "STOPSIGNAL SIGQUIT",
  url: referenceUrl("stopsignal"),
  snippet: "${1:SIGTERM}",
  flags: [],
};
