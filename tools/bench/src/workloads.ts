import { randomBytes } from "node:crypto";
import { closeSync, mkdirSync, openSync, writeFileSync, writeSync } from "node:fs";
import path from "node:path";
import type { Workload, WorkloadSettings } from "./workload.ts";

/** Two stages and twelve steps, in the manner of an application's Dockerfile. */
const twelveSteps = (registry: string): string => `FROM ${registry}/busybox:latest AS build
WORKDIR /src
COPY manifest ./
RUN sort manifest > dependencies
COPY src ./src
RUN cat src/* > program
RUN wc program > size

FROM ${registry}/busybox:latest
WORKDIR /app
COPY --from=build /src/program /src/size ./
RUN sha256sum program > sum
COPY readme ./
ENV MODE=production
CMD ["cat", "/app/program"]
`;

function writeTwelveSteps(settings: WorkloadSettings, name: string, edit: string): string {
  const folder = path.join(settings.contexts, name);
  mkdirSync(path.join(folder, "src"), { recursive: true });
  writeFileSync(path.join(folder, "Dockerfile"), twelveSteps(settings.registry));
  writeFileSync(path.join(folder, "manifest"), "b 1\na 2\n");
  writeFileSync(path.join(folder, "readme"), "read me\n");
  for (let n = 0; n < 20; n++) writeFileSync(path.join(folder, `src/${n}.txt`), `source ${n}\n`.repeat(50));
  writeFileSync(path.join(folder, "src/7.txt"), edit);
  return folder;
}

function writeDockerfile(settings: WorkloadSettings, name: string, lines: readonly string[]): string {
  const folder = path.join(settings.contexts, name);
  mkdirSync(folder, { recursive: true });
  writeFileSync(path.join(folder, "Dockerfile"), `${lines.join("\n")}\n`);
  return folder;
}

/** Bytes of which 60 % are random and 40 % repeat, so that gzip leaves about 0.62 of them. */
function fillFile(file: string, sizeBytes: number): void {
  const block = Buffer.alloc(64 * 1024);
  const descriptor = openSync(file, "w");
  for (let written = 0; written < sizeBytes; written += block.length) {
    for (let at = 0; at < block.length; at += 4096) {
      randomBytes(2480).copy(block, at);
      block.fill("the same words over and over again. ", at + 2480, at + 4096);
    }
    writeSync(descriptor, block);
  }
  closeSync(descriptor);
}

export const WORKLOADS: readonly Workload[] = [
  {
    id: "cached",
    title: "cached",
    runsFactor: 3,
    output: "store",
    warmUp: (settings) => ({
      context: writeTwelveSteps(settings, "cached", "as it was\n"),
      output: { kind: "store" },
    }),
    prepare: (settings) => ({ context: path.join(settings.contexts, "cached") }),
  },
  {
    id: "edit",
    title: "one edit",
    runsFactor: 2,
    output: "store",
    warmUp: (settings) => ({
      context: writeTwelveSteps(settings, "edit", "as it was\n"),
      output: { kind: "store" },
    }),
    prepare: (settings, run) => ({
      context: writeTwelveSteps(settings, "edit", `edit ${run} ${Date.now()}\n`),
    }),
  },
  {
    id: "runs",
    title: "30 RUNs",
    output: "store",
    prepare: (settings, run) => ({
      context: writeDockerfile(settings, "runs", [
        `FROM ${settings.registry}/busybox:latest`,
        `ENV RUN_NUMBER=${run}-${Date.now()}`,
        ...Array.from({ length: 30 }, (_, n) => `RUN : ${n}`),
      ]),
    }),
  },
  {
    id: "stages",
    title: "4 stages",
    output: "store",
    prepare: (settings, run) => ({
      context: writeDockerfile(settings, "stages", [
        ...[1, 2, 3, 4].flatMap((n) => [
          `FROM ${settings.registry}/busybox:latest AS s${n}`,
          `RUN sleep 1; echo ${run}-${Date.now()} > /${n}`,
        ]),
        `FROM ${settings.registry}/busybox:latest`,
        ...[1, 2, 3, 4].map((n) => `COPY --from=s${n} /${n} /${n}`),
      ]),
    }),
  },
  {
    id: "files",
    title: "50,000 files",
    aim: 0.33,
    output: "archive",
    // A context that no tool has seen before, each time: no folder is deleted and made again.
    prepare(settings, run) {
      const context = writeDockerfile(settings, `files-${run}`, ["FROM scratch", "COPY files /files"]);
      for (let folder = 0; folder < 100; folder++) {
        mkdirSync(path.join(context, `files/${folder}`), { recursive: true });
        for (let file = 0; file < 500; file++) {
          const content =
            `${run} ${folder} ${file} `.padEnd(1024, "some text of a file. ") +
            randomBytes(512).toString("hex");
          writeFileSync(path.join(context, `files/${folder}/${file}.txt`), content.slice(0, 2048));
        }
      }
      return { context };
    },
  },
  {
    id: "push",
    title: "1 GiB push",
    aim: 0.33,
    output: "push",
    prepare(settings, run) {
      const context = writeDockerfile(settings, `push-${run}`, ["FROM scratch", "COPY files /files"]);
      mkdirSync(path.join(context, "files"), { recursive: true });
      for (let file = 0; file < 64; file++)
        fillFile(path.join(context, `files/${file}.bin`), 16 * 1024 * 1024);
      return { context };
    },
  },
];
