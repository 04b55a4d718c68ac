import { writeFileSync } from "node:fs";
import path from "node:path";
import { Writable } from "node:stream";
import { afterAll, expect, test } from "vitest";
import * as z from "zod";
import {
  defineExporter,
  type ProgressEvent,
  type SandboxDriver,
  type SandboxSpec,
} from "@slipway/engine-sdk";
import { createEngine, type BuildRequest, type Engine } from "@slipway/engine";
import { defineFrontend } from "@slipway/frontend-sdk";
import { copy, local, mkfile, scratch, toDefinition } from "@slipway/ir";
import { hostPlatform, InputError } from "@slipway/oci";
import { temporaryFolder, requires } from "@slipway/testing";
import { writeContext } from "./harness/context.ts";

// A language, a sandbox and an exporter that Slipway has never seen, through the published contracts alone.

/** `write NAME TEXT`, `take NAME` (from the context) and `stamp NAME` (a process), one on each line. */
const notes = defineFrontend({
  name: "notes.v0",
  fileNames: ["Notesfile"],
  async build(request, bridge, signal) {
    const fileName = request.options["filename"] ?? "Notesfile";
    const folder = await bridge.solve(toDefinition(local("dockerfile", { includePatterns: [fileName] })), {
      signal,
    });
    const text = Buffer.from(await bridge.readFile(folder, fileName, { signal })).toString();
    let state = scratch().file(mkfile("/made-by", "notes\n"));
    for (const [index, line] of text.trim().split("\n").entries()) {
      const [verb, name = "", ...words] = line.split(" ");
      if (verb === "write") state = state.file(mkfile(`/${name}`, `${words.join(" ")}\n`));
      else if (verb === "take")
        state = state.file(copy(local("context", { includePatterns: [name] }), name, `/${name}`));
      else if (verb === "stamp") state = state.run(["stamp", name]).root;
      else {
        throw new InputError("NOTES_VERB_UNKNOWN", `no such verb: ${verb}`, {
          hint: "Write, take or stamp.",
          location: { file: fileName, line: index + 1, column: 1, excerpt: line },
        });
      }
    }
    return { outputs: request.platforms.map((platform) => ({ platform, definition: toDefinition(state) })) };
  },
});

/** Runs nothing: "stamp NAME" leaves a file. */
function stampingSandbox(): SandboxDriver & { readonly ran: SandboxSpec[] } {
  const ran: SandboxSpec[] = [];
  return {
    name: "stamping",
    ran,
    probe: () =>
      Promise.resolve({ driver: "stamping", available: true, reason: "needs nothing", details: [] }),
    run(spec, io) {
      ran.push(spec);
      const folder = spec.root.kind === "overlay" ? spec.root.upperdir : spec.root.path;
      writeFileSync(path.join(folder, spec.process.args[1]!), "stamped\n");
      io.onOutput("stdout", Buffer.from("stamping\n"));
      return Promise.resolve({ kind: "exited", code: 0 });
    },
    close: () => Promise.resolve(),
  };
}

/** Writes the names and texts of all files as JSON. */
const listing = defineExporter({
  name: "listing",
  options: z.strictObject({ dest: z.string() }),
  prepare: ({ dest }) => ({
    async write(context) {
      const files: Record<string, string> = {};
      for await (const entry of context.results[0]!.ref.files()) {
        if (entry.kind !== "file") continue;
        const chunks: Buffer[] = [];
        for await (const chunk of entry.open!()) chunks.push(chunk as Buffer);
        files[entry.path] = Buffer.concat(chunks).toString();
      }
      writeFileSync(path.resolve(context.cwd, dest), JSON.stringify(files));
      return { "listing.files": Object.keys(files) };
    },
  }),
});

const folder = temporaryFolder();
afterAll(() => folder.remove());

function requestFor(context: string, overrides: Partial<BuildRequest> = {}): BuildRequest {
  return {
    options: { filename: "Notesfile" },
    platforms: [hostPlatform()],
    localDirs: { context, dockerfile: context },
    exports: [{ type: "listing", attrs: { dest: "list.json" } }],
    cwd: folder.path,
    stdout: new Writable({ write: (_chunk, _encoding, done) => done() }),
    ...overrides,
  };
}

async function withEngine<T>(sandbox: SandboxDriver, use: (engine: Engine) => Promise<T>): Promise<T> {
  const engine = await createEngine({
    root: folder.join("root"),
    frontends: [notes],
    exporters: [listing],
    sandboxes: [sandbox],
  });
  try {
    return await use(engine);
  } finally {
    await engine.close();
  }
}

const signal = new AbortController().signal;

requires({ root: true }).test(
  "an engine builds another language in another sandbox for another exporter, and then from cache",
  async () => {
    const context = writeContext(folder.join("context"), {
      Notesfile: "write greeting hello there\ntake poem\nstamp seal\nstamp second\n",
      poem: "roses\n",
    });
    const sandbox = stampingSandbox();
    const events: ProgressEvent[] = [];
    const expected = {
      greeting: "hello there\n",
      "made-by": "notes\n",
      poem: "roses\n",
      seal: "stamped\n",
      second: "stamped\n",
    };
    const first = await withEngine(sandbox, (engine) =>
      engine.build(requestFor(context), { signal, progress: (event) => void events.push(event) }),
    );
    expect(first.response["listing.files"]).toEqual(Object.keys(expected));
    expect(sandbox.ran.map(({ process }) => process.args)).toEqual([
      ["stamp", "seal"],
      ["stamp", "second"],
    ]);
    const logs = events.flatMap((event) =>
      event.kind === "log" ? [Buffer.from(event.data).toString()] : [],
    );
    expect(logs).toEqual(["stamping\n", "stamping\n"]);

    // By name, and in a new engine over the same store.
    const idle = stampingSandbox();
    const again = await withEngine(idle, (engine) =>
      engine.build(requestFor(context, { frontend: "notes.v0" }), { signal, progress: () => {} }),
    );
    expect(again.response["listing.files"]).toEqual(Object.keys(expected));
    expect(idle.ran).toEqual([]);

    // An edit of what the first step does not see leaves that step cached.
    writeContext(context, { Notesfile: "write greeting hello there\ntake poem\nstamp seal\nstamp third\n" });
    await withEngine(idle, (engine) => engine.build(requestFor(context), { signal, progress: () => {} }));
    expect(idle.ran.map(({ process }) => process.args)).toEqual([["stamp", "third"]]);
  },
);

test("its mistakes come back as they were thrown, with their place", async () => {
  const context = writeContext(folder.join("wrong"), { Notesfile: "write a b\nshout c\n" });
  const failure = withEngine(stampingSandbox(), (engine) =>
    engine.build(requestFor(context), { signal, progress: () => {} }),
  );
  await expect(failure).rejects.toMatchObject({
    code: "NOTES_VERB_UNKNOWN",
    hint: "Write, take or stamp.",
    location: { file: "Notesfile", line: 2, excerpt: "shout c" },
  });
});
