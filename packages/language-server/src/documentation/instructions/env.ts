import type { InstructionDocumentation } from "../instruction-documentation.ts";
import { referenceUrl } from "../reference-url.ts";

export const env: InstructionDocumentation = {
  name: "ENV",
  summary: "Sets environment variables for the following steps and for containers of the image.",
  syntax: ["ENV <name>=<value> [<name>=<value>…]"],
  details:
    "Values in one instruction see the variables as they were before it. An `ENV` hides an `ARG` of the same name. For one command only, write `RUN name=value command`.",
  example: 'ENV NODE_ENV=production PATH="/app/node_modules/.bin:$PATH"',
  url: referenceUrl("env"),
  snippet: "${1:name}=${2:value}",
  flags: [],
};
