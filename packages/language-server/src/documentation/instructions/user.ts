import type { InstructionDocumentation } from "../instruction-documentation.ts";
import { referenceUrl } from "../reference-url.ts";

export const user: InstructionDocumentation = {
  name: "USER",
  summary: "The user, and optionally the group, of the following RUN steps and of containers of the image.",
  syntax: ["USER <user>[:<group>]"],
  details: "By name or number. COPY and ADD do not look at it: there `--chown` counts.",
  example: "RUN useradd --system app\nUSER app",
  url: referenceUrl("user"),
  snippet: "${1:user}",
  flags: [],
};
