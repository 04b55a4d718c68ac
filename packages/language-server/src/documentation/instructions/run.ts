import type { InstructionDocumentation } from "../instruction-documentation.ts";
import { referenceUrl } from "../reference-url.ts";

export const run: InstructionDocumentation = {
  name: "RUN",
  summary: "Runs a command in the stage and keeps the files that it changes as a new layer.",
  syntax: [
    "RUN [flags] <command for the shell>",
    'RUN [flags] ["<program>", "<argument>", …]',
    "RUN [flags] <<EOF\n…\nEOF",
  ],
  details:
    "The shell form is run by `SHELL` (`/bin/sh -c`), and it is the shell that expands variables. The JSON form starts the program directly, without a shell. A here-document holds a whole script; one that begins with `#!` chooses its interpreter.",
  example:
    "RUN --mount=type=cache,target=/var/cache/apt,sharing=locked \\\n    apt-get update && apt-get install -y --no-install-recommends curl",
  url: referenceUrl("run"),
  snippet: "${1:command}",
  flags: [
    {
      name: "mount",
      placeholder: "type=<type>[,<key>=<value>…]",
      summary:
        "Lends the command files that do not become part of the layer: a folder of the context or of another stage, a cache that outlives the build, memory, a secret, or an SSH agent.",
      example: "RUN --mount=type=cache,target=/root/.npm npm ci",
      url: referenceUrl("run---mount"),
      repeatable: true,
    },
    {
      name: "network",
      placeholder: "default|none|host",
      summary: "Which network the command sees.",
      example: "RUN --network=none ./run-offline-tests",
      url: referenceUrl("run---network"),
      values: [
        { value: "default", summary: "The network of the build." },
        { value: "none", summary: "No network but loopback." },
        { value: "host", summary: "The network of the host; BuildKit asks for `--allow network.host`." },
      ],
    },
    {
      name: "security",
      placeholder: "sandbox|insecure",
      summary: "How much the command may do.",
      example: "RUN --security=insecure mount -t tmpfs none /mnt",
      url: referenceUrl("run---security"),
      values: [
        { value: "sandbox", summary: "As any other step; the default." },
        { value: "insecure", summary: "With all privileges; needs `--allow security.insecure`." },
      ],
    },
    {
      name: "device",
      placeholder: "name=<device>[,required]",
      summary:
        "Makes a device of the machine available to the command, by its CDI name. Needs `--allow device`.",
      example: "RUN --device=nvidia.com/gpu=all nvidia-smi",
      url: referenceUrl("run---device"),
      repeatable: true,
    },
  ],
};
