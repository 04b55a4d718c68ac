import type { InstructionDocumentation } from "../instruction-documentation.ts";
import { referenceUrl } from "../reference-url.ts";

export const arg: InstructionDocumentation = {
  name: "ARG",
  summary: "Declares a build argument, which `--build-arg name=value` sets, with an optional default.",
  syntax: ["ARG <name>[=<default>] [<name>[=<default>]…]"],
  details:
    "Before the first `FROM` it is for `FROM` lines; a stage that wants it too repeats `ARG name` without a default. In a stage it holds from its line to the stage's end and in stages that build on it. Arguments are no place for secrets: they are in the image's history.",
  example: "ARG NODE_VERSION=24\nFROM node:${NODE_VERSION}-slim\nARG NODE_VERSION\nRUN echo $NODE_VERSION",
  url: referenceUrl("arg"),
  snippet: "${1:name}",
  flags: [],
};
