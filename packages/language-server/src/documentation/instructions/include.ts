import type { InstructionDocumentation } from "../instruction-documentation.ts";
import { SLIPWAY_DOCUMENTS } from "../reference-url.ts";

export const include: InstructionDocumentation = {
  name: "INCLUDE",
  summary:
    "Puts a fragment of a Dockerfile, kept in another file, in its own place. An extension of Slipway.",
  syntax: [
    "INCLUDE <path> [<name>=<value>…]",
    "INCLUDE <git repository>#<ref>:<path> [<name>=<value>…]",
    "INCLUDE docker-image://<image>//<path> [<name>=<value>…]",
  ],
  details:
    "It is on in files with the line `# slipway=include` at the top. The arguments give the fragment's `ARG`s other defaults. The source takes no variables.",
  example: '# slipway=include\nFROM debian:trixie-slim\nINCLUDE build/apt.part PACKAGES="gcc make"',
  url: `${SLIPWAY_DOCUMENTS}includes.md`,
  snippet: "${1:path}",
  flags: [],
};
