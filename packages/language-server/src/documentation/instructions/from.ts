import { COMMON_PLATFORMS } from "../platforms.ts";
import type { InstructionDocumentation } from "../instruction-documentation.ts";
import { referenceUrl } from "../reference-url.ts";

export const from: InstructionDocumentation = {
  name: "FROM",
  summary: "Begins a build stage on top of an image, an earlier stage, or nothing (`scratch`).",
  syntax: ["FROM [--platform=<platform>] <image>[:<tag>][@<digest>] [AS <name>]"],
  details:
    "Variables in it are arguments declared by `ARG` before the first `FROM`, and the platform arguments. Stages that the wanted one does not need are not built.",
  example: "FROM golang:1.25 AS build\nRUN go build -o /app .\n\nFROM scratch\nCOPY --from=build /app /app",
  url: referenceUrl("from"),
  snippet: "${1:image}",
  flags: [
    {
      name: "platform",
      placeholder: "os/arch[/variant]",
      summary:
        "The platform of the base image when that is not the one that is built for. Compilers that can cross-compile run fastest on `$BUILDPLATFORM`.",
      example: "FROM --platform=$BUILDPLATFORM golang:1.25 AS build",
      url: referenceUrl("from"),
      values: [
        { value: "$BUILDPLATFORM", summary: "The platform of the machine that builds." },
        { value: "$TARGETPLATFORM", summary: "The platform that is built for; the default." },
        ...COMMON_PLATFORMS,
      ],
    },
  ],
};
