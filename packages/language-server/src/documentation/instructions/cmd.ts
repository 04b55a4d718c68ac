import type { InstructionDocumentation } from "../instruction-documentation.ts";
import { referenceUrl } from "../reference-url.ts";

export const cmd: InstructionDocumentation = {
  name: "CMD",
  summary: "What a container of the image runs, or the default arguments of its `ENTRYPOINT`.",
  syntax: [
    'CMD ["<program>", "<argument>", …]',
    'CMD ["<argument of ENTRYPOINT>", …]',
    "CMD <command for the shell>",
  ],
  details:
    "The last one counts. The JSON form starts the program directly, so that it gets the signals that are sent to the container.",
  example: 'CMD ["node", "server.js"]',
  url: referenceUrl("cmd"),
  snippet: '["${1:program}"]',
  flags: [],
};
