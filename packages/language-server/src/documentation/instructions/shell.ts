import type { InstructionDocumentation } from "../instruction-documentation.ts";
import { referenceUrl } from "../reference-url.ts";

export const shell: InstructionDocumentation = {
  name: "SHELL",
  summary: "Sets the shell that runs the shell forms of the following RUN, CMD and ENTRYPOINT.",
  syntax: ['SHELL ["<program>", "<argument>", …]'],
  details: 'It has to be a JSON array. The default is `["/bin/sh", "-c"]`, on Windows `["cmd", "/S", "/C"]`.',
  example: 'SHELL ["/bin/bash", "-o", "pipefail", "-c"]',
  url: referenceUrl("shell"),
  snippet: '["${1:/bin/bash}", "${2:-c}"]',
  flags: [],
};
