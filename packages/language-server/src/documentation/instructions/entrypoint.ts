import type { InstructionDocumentation } from "../instruction-documentation.ts";
import { referenceUrl } from "../reference-url.ts";

export const entrypoint: InstructionDocumentation = {
  name: "ENTRYPOINT",
  summary: "The program that containers of the image always run; `CMD` or the command line adds arguments.",
  syntax: ['ENTRYPOINT ["<program>", "<argument>", …]', "ENTRYPOINT <command for the shell>"],
  details:
    "The shell form takes no arguments and does not pass signals on. The last one counts, and it resets a `CMD` of the base image.",
  example: 'ENTRYPOINT ["/usr/local/bin/app"]\nCMD ["--help"]',
  url: referenceUrl("entrypoint"),
  snippet: '["${1:program}"]',
  flags: [],
};
