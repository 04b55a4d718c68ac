import type { InstructionDocumentation } from "../instruction-documentation.ts";
import { referenceUrl } from "../reference-url.ts";

export const onbuild: InstructionDocumentation = {
  name: "ONBUILD",
  summary:
    "Keeps an instruction in the image for later: it runs when another build begins `FROM` this image.",
  syntax: ["ONBUILD <instruction>"],
  details:
    "Any instruction but `FROM`, `MAINTAINER` and `ONBUILD` itself. It runs right behind that build's `FROM`, and its files are of that build's context.",
  example: "ONBUILD COPY . /app",
  url: referenceUrl("onbuild"),
  snippet: "${1:instruction}",
  flags: [],
};
