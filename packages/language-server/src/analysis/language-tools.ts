import {
  createDockerfileParser,
  createFormatter,
  type DockerfileParser,
  type Formatter,
} from "@slipway/frontend-dockerfile/language";

/** What the language's own package does for every document; costs milliseconds to make. */
export interface LanguageTools {
  readonly parser: DockerfileParser;
  readonly formatter: Formatter;
}

/** Makes the tools that a server keeps for as long as it runs. */
export function createLanguageTools(): LanguageTools {
  return { parser: createDockerfileParser(), formatter: createFormatter() };
}
