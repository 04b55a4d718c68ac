import type { FlagDocumentation } from "../instruction-documentation.ts";
import { referenceUrl } from "../reference-url.ts";

/** The flags that COPY and ADD have in common, as they are explained for one of them. */
export function copyFlags(instruction: "copy" | "add"): readonly FlagDocumentation[] {
  const keyword = instruction.toUpperCase();
  return [
    {
      name: "chown",
      placeholder: "<user>[:<group>]",
      summary:
        "The owner of what is copied. Names are looked up in the image; without it everything belongs to root (0:0).",
      example: `${keyword} --chown=app:app src/ /app/`,
      url: referenceUrl(`${instruction}---chown---chmod`),
    },
    {
      name: "chmod",
      placeholder: "<mode>",
      summary: "The permissions of what is copied, in octal (`755`) or symbolic (`u=rwX,go=rX`).",
      example: `${keyword} --chmod=755 entrypoint.sh /usr/local/bin/`,
      url: referenceUrl(`${instruction}---chown---chmod`),
    },
    {
      name: "link",
      summary:
        "Makes a layer of its own that does not depend on what is below: it stays valid when the base changes. Links in the destination's path are not followed.",
      example: `${keyword} --link dist/ /srv/www/`,
      url: referenceUrl(`${instruction}---link`),
    },
    {
      name: "exclude",
      placeholder: "<pattern>",
      summary: "Leaves out files that match, with the patterns of `.dockerignore`.",
      example: `${keyword} --exclude=*.md --exclude=test . /app/`,
      url: referenceUrl(`${instruction}---exclude`),
      repeatable: true,
    },
  ];
}
