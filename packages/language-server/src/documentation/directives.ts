import type { ValueDocumentation } from "./instruction-documentation.ts";
import { referenceUrl, SLIPWAY_DOCUMENTS } from "./reference-url.ts";

/** What people are told about a parser directive. */
export interface DirectiveDocumentation {
  readonly name: string;
  readonly placeholder: string;
  readonly summary: string;
  readonly example: string;
  readonly url: string;
  readonly values?: readonly ValueDocumentation[];
}

export const DIRECTIVE_DOCUMENTATION: readonly DirectiveDocumentation[] = [
  {
    name: "syntax",
    placeholder: "<image>",
    summary:
      "The image of the frontend that reads this file. BuildKit fetches it; Slipway reads Docker's Dockerfile syntax by itself.",
    example: "# syntax=docker/dockerfile:1",
    url: referenceUrl("syntax"),
    values: [
      { value: "docker/dockerfile:1", summary: "The newest stable version of the language." },
      { value: "docker/dockerfile:1-labs", summary: "With what is still experimental." },
    ],
  },
  {
    name: "escape",
    placeholder: "\\|`",
    summary:
      "The character that escapes others and continues lines. With a backquote, Windows paths need no doubled backslashes.",
    example: "# escape=`",
    url: referenceUrl("escape"),
    values: [
      { value: "\\", summary: "The default." },
      { value: "`", summary: "For files with Windows paths." },
    ],
  },
  {
    name: "check",
    placeholder: "skip=<rule>,…|all;error=true;experimental=<rule>,…|all",
    summary:
      "How the file is checked: which rules are skipped, whether findings fail the build, and which experimental rules count.",
    example: "# check=skip=JSONArgsRecommended;error=true",
    url: referenceUrl("check"),
    values: [
      { value: "skip=", summary: "Rules that are not checked, or `all`." },
      { value: "error=true", summary: "Findings fail the build." },
      { value: "experimental=", summary: "Experimental rules that are checked, or `all`." },
    ],
  },
  {
    name: "slipway",
    placeholder: "include",
    summary:
      "Turns on extensions of Slipway. To other builders it is a comment, which ends the directives: it has to be the last of them.",
    example: "# slipway=include",
    url: `${SLIPWAY_DOCUMENTS}includes.md`,
    values: [
      { value: "include", summary: "The instruction INCLUDE, which takes in fragments of other files." },
    ],
  },
];

export function directiveDocumentation(name: string): DirectiveDocumentation | undefined {
  return DIRECTIVE_DOCUMENTATION.find((directive) => directive.name === name);
}
