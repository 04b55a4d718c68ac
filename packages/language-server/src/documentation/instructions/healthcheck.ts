import type { InstructionDocumentation } from "../instruction-documentation.ts";
import { referenceUrl } from "../reference-url.ts";

const url = referenceUrl("healthcheck");

export const healthcheck: InstructionDocumentation = {
  name: "HEALTHCHECK",
  summary: "A command that tells whether a container still works: status 0 is healthy, 1 is not.",
  syntax: ["HEALTHCHECK [flags] CMD <command>", "HEALTHCHECK NONE"],
  details: "The last one counts; `NONE` takes away that of the base image.",
  example: "HEALTHCHECK --interval=1m --timeout=3s CMD wget -q -O- http://localhost:8080/ || exit 1",
  url,
  snippet: "CMD ${1:command}",
  flags: [
    {
      name: "interval",
      placeholder: "<duration>",
      summary: "Time between two checks; 30s by default.",
      example: "HEALTHCHECK --interval=5m CMD ./check",
      url,
    },
    {
      name: "timeout",
      placeholder: "<duration>",
      summary: "How long a check may take before it counts as failed; 30s by default.",
      example: "HEALTHCHECK --timeout=3s CMD ./check",
      url,
    },
    {
      name: "start-period",
      placeholder: "<duration>",
      summary: "Time for starting up, in which failures are not counted; none by default.",
      example: "HEALTHCHECK --start-period=1m CMD ./check",
      url,
    },
    {
      name: "start-interval",
      placeholder: "<duration>",
      summary: "Time between two checks during the start period; 5s by default.",
      example: "HEALTHCHECK --start-period=1m --start-interval=2s CMD ./check",
      url,
    },
    {
      name: "retries",
      placeholder: "<number>",
      summary: "How many failures in a row make the container unhealthy; 3 by default.",
      example: "HEALTHCHECK --retries=5 CMD ./check",
      url,
    },
  ],
};
