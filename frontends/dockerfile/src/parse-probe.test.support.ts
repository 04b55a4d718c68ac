// What the benchmark runs in a process of its own: `parse-probe.test.support.ts lines|compile [memory]`. Prints JSON; what
// it remembers is part of that, and can be given to another one.
import type { FrontendMemory } from "@slipway/frontend-sdk";

const TWELVE_STEPS = `# syntax=docker/dockerfile:1
ARG VERSION=24
FROM node:24 AS deps
WORKDIR /app
ENV NODE_ENV=production CI="true"
COPY package.json package-lock.json ./
RUN --mount=type=cache,target=/root/.npm npm ci
FROM deps AS build
COPY . .
RUN npm run build -- --version=\${VERSION:-none} && \\
  npm prune
FROM alpine:3.20
LABEL org.opencontainers.image.title="app"
RUN apk add --no-cache tini
COPY --from=build --chown=1000:1000 /app /app
USER 1000
EXPOSE 8080
CMD ["node", "/app/main.js"]
`;

/** The processor's time: what else the machine does takes its share of the clock's. */
async function measureMs(run: () => Promise<unknown>): Promise<number> {
  const start = process.cpuUsage();
  await run();
  const { user, system } = process.cpuUsage(start);
  return (user + system) / 1000;
}

/** A memory that begins with what another one gave out. */
function rememberFrom(given: string): FrontendMemory & { readonly all: () => object } {
  const entries = new Map(Object.entries(JSON.parse(given) as Record<string, string>));
  return {
    get: (key) => {
      const found = entries.get(key);
      return Promise.resolve(found === undefined ? undefined : Buffer.from(found, "base64"));
    },
    put: (key, value) => {
      entries.set(key, Buffer.from(value).toString("base64"));
      return Promise.resolve();
    },
    all: () => Object.fromEntries(entries),
  };
}

async function compileFigures(given: string): Promise<object> {
  const { amd64, FakeBridge, IMAGES } = await import("./fake-bridge.test.support.ts");
  const memory = rememberFrom(given);
  const bridge = new FakeBridge({ context: {}, dockerfile: { Dockerfile: TWELVE_STEPS } }, IMAGES);
  Object.assign(bridge, { memory });
  const request = { options: {}, buildPlatform: amd64, platforms: [amd64] };
  const compile = async (times: number): Promise<void> => {
    const { build } = await import("./build.ts");
    for (let run = 0; run < times; run++) await build(request, bridge, new AbortController().signal);
  };
  const firstMs = await measureMs(() => compile(1));
  await compile(50);
  const warmMs = (await measureMs(() => compile(100))) / 100;
  return { firstMs, warmMs, memory: memory.all() };
}

async function lineFigures(): Promise<object> {
  const { createDockerfileParser } = await import("./syntax/parser.ts");
  const parser = createDockerfileParser();
  const text = `FROM a\n${'RUN echo hello \\\n  && echo world\n# why\nENV A=b C="d e"\nCOPY --chown=1:2 a b /c/\n'.repeat(20_000)}`;
  const times: number[] = [];
  for (let run = 0; run < 5; run++)
    times.push(await measureMs(async () => parser.parse(text, { file: "Dockerfile", problems: [] })));
  return { lines: text.split("\n").length - 1, bytes: text.length, timesMs: times };
}

const [what, memory = "{}"] = process.argv.slice(2);
console.log(JSON.stringify(what === "lines" ? await lineFigures() : await compileFigures(memory)));
