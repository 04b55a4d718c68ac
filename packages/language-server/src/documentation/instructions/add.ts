import type { InstructionDocumentation } from "../instruction-documentation.ts";
import { referenceUrl } from "../reference-url.ts";
import { copyFlags } from "./copy-flags.ts";

export const add: InstructionDocumentation = {
  name: "ADD",
  summary: "Adds files: from the build context with archives unpacked, from a URL, or from a git repository.",
  syntax: [
    "ADD [flags] <source>… <destination>",
    'ADD [flags] ["<source>", …, "<destination>"]',
    "ADD [flags] <git repository>[?<key>=<value>&…] <destination>",
  ],
  details: "For plain files of the context `COPY` says better what is meant.",
  example:
    "ADD --checksum=sha256:24454f830cdb571e2c4ad15481119c43b3cafd48dd869a9b2945d1036d1dc68d https://example.com/tool.tar.gz /opt/",
  url: referenceUrl("add"),
  snippet: "${1:source} ${2:destination}",
  flags: [
    ...copyFlags("add"),
    {
      name: "checksum",
      placeholder: "sha256:<hex>|<commit>",
      summary:
        "What the download has to hash to, or the commit that the git reference has to be; the build fails when it is something else.",
      example: "ADD --checksum=sha256:<hex> https://example.com/data.bin /data.bin",
      url: referenceUrl("add---checksum"),
    },
    {
      name: "keep-git-dir",
      summary: "Keeps the `.git` folder of a repository that is added.",
      example: "ADD --keep-git-dir https://github.com/moby/buildkit.git#v0.30.0 /src",
      url: referenceUrl("add---keep-git-dir"),
    },
    {
      name: "unpack",
      placeholder: "true|false",
      summary:
        "Whether archives are unpacked. Without it those of the context are, and those that are downloaded are not.",
      example: "ADD --unpack https://example.com/site.tar.gz /srv/www/",
      url: referenceUrl("add---unpack"),
      values: [
        { value: "true", summary: "Unpack, downloads included." },
        { value: "false", summary: "Copy archives as they are." },
      ],
    },
  ],
};
