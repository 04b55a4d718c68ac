import {
  createDockerfileParser,
  createFormatter,
  type DockerfileParser,
  type Formatter,
} from "@slipway/frontend-dockerfile/language";
import { createFragmentParser } from "./fragment-parser.ts";

/** What the language's own package does for every document; costs milliseconds to make. */
export interface LanguageTools {
  readonly parser: DockerfileParser;
  /** For texts that stay the same for a while. */
  readonly fragmentParser: DockerfileParser;
  readonly formatter: Formatter;
}

/** Makes the tools that a server keeps for as long as it runs. */
export function createLanguageTools(): LanguageTools {
  const parser = createDockerfileParser();
  return { parser, fragmentParser: createFragmentParser(parser), formatter: createFormatter() };
}
