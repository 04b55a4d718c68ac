import type { InstructionDocumentation } from "../instruction-documentation.ts";
import { referenceUrl } from "../reference-url.ts";

export const expose: InstructionDocumentation = {
  name: "EXPOSE",
  summary: "Documents the ports that the program listens on. It publishes nothing by itself.",
  syntax: ["EXPOSE <port>[-<port>][/tcp|/udp|/sctp]…"],
  example: "EXPOSE 8080 53/udp",
  url: referenceUrl("expose"),
  snippet: "${1:8080}",
  flags: [],
};
