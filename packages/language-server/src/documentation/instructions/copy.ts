import type { InstructionDocumentation } from "../instruction-documentation.ts";
import { referenceUrl } from "../reference-url.ts";
import { copyFlags } from "./copy-flags.ts";

export const copy: InstructionDocumentation = {
  name: "COPY",
  summary: "Copies files from the build context, or from another stage or image, into the stage.",
  syntax: [
    "COPY [flags] <source>… <destination>",
    'COPY [flags] ["<source>", …, "<destination>"]',
    "COPY [flags] <<EOF <destination>\n…\nEOF",
  ],
  details:
    "A folder's contents are copied, not the folder itself. A destination that ends with `/` is a folder. Sources may have the wildcards `*`, `?`, `[…]` and `**`.",
  example: "COPY package.json package-lock.json ./\nCOPY --from=build /app/dist ./dist",
  url: referenceUrl("copy"),
  snippet: "${1:source} ${2:destination}",
  flags: [
    {
      name: "from",
      placeholder: "<stage|image|context>",
      summary:
        "Where the files come from instead of the build context: a stage by its name or number, an image, or a named context. Takes no variables.",
      example: "COPY --from=build /app /usr/local/bin/app",
      url: referenceUrl("copy---from"),
    },
    ...copyFlags("copy"),
    {
      name: "parents",
      summary:
        "Keeps the folders of the sources' paths. What stands before `/./` in a source is left out of the path.",
      example: "COPY --parents packages/*/package.json ./",
      url: referenceUrl("copy---parents"),
    },
    {
      name: "archive",
      summary:
        "Keeps the owners that the files have at their origin, as numbers, instead of making everything root's. Slipway only.",
      example: "COPY --archive rootfs/ /",
      url: referenceUrl("copy"),
    },
  ],
};
