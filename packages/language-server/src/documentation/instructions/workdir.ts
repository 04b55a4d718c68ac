import type { InstructionDocumentation } from "../instruction-documentation.ts";
import { referenceUrl } from "../reference-url.ts";

export const workdir: InstructionDocumentation = {
  name: "WORKDIR",
  summary:
    "The working folder of the following instructions and of containers. It is made when it does not exist.",
  syntax: ["WORKDIR <path>"],
  details: "A relative path counts from the working folder so far.",
  example: "WORKDIR /app",
  url: referenceUrl("workdir"),
  snippet: "${1:/app}",
  flags: [],
};
