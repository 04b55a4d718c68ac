import { CUSTOM_NAME, type Definition, walkVertices } from "@slipway/ir";
import { describe, expect, test } from "vitest";
import { compileText, failureOf, imageConfig, type CompileInput } from "../fake-bridge.test.support.ts";
import { isArchive } from "./load/archive-magic.ts";

const COPY_ALL = "FROM scratch\nCOPY . /";

/** Sources and what is between them and the result, as identifiers, attributes and names. */
function sources(definition: Definition): readonly string[] {
  return walkVertices(definition.result).flatMap(({ op, metadata }) => {
    const name = metadata.description[CUSTOM_NAME] ?? "-";
    if (op.kind === "source") {
      const attrs = Object.entries(op.attrs).filter(([key]) => !/^git\.auth/.test(key));
      return [[name, op.identifier, ...attrs.map(([key, value]) => `${key}=${value}`)].join(" | ")];
    }
    if (op.kind !== "file" || metadata.description[CUSTOM_NAME] !== undefined) return [];
    const [action] = op.actions;
    return action?.kind === "copy"
      ? [`copy ${action.src} ${action.dest}${action.attemptUnpack ? " unpacking" : ""}`]
      : [];
  });
}

async function sourcesOf(text: string, input: CompileInput): Promise<readonly string[]> {
  return sources((await compileText(text, input)).definition);
}

describe("the build context", () => {
  const REPO = "git://h/a.git";
  const repo = { [REPO]: { Dockerfile: COPY_ALL, "sub/Dockerfile": `${COPY_ALL}sub` } };

  test("is a git repository, its build file included, and its .dockerignore is not looked at", async () => {
    const options = { context: "https://h/a.git" };
    const files = { [REPO]: { Dockerfile: COPY_ALL, ".dockerignore": "*" } };
    const { definition, bridge } = await compileText("FROM nothing", { options, files });
    expect(sources(definition)).toEqual([
      "[internal] load git source https://h/a.git | git://h/a.git | git.fullurl=https://h/a.git",
    ]);
    expect(bridge.solved).toHaveLength(1);
    expect(definition.sources[0]).toMatchObject({ filename: "Dockerfile", language: "Dockerfile" });
  });

  test.each([
    ["github.com/o/n#v1:s", "git://github.com/o/n#v1:s", "git.fullurl=https://github.com/o/n"],
    ["git@h:a.git?ref=x", "git://h/a.git#x", "git.fullurl=git@h:a.git | git.mountsshsock=default"],
    ["https://me:pw@h/a.git", REPO, "git.fullurl=https://me:pw@h/a.git"],
  ])("%s names one", async (context, identifier, attrs) => {
    const files = { [identifier]: { Dockerfile: COPY_ALL } };
    expect(await sourcesOf("", { options: { context }, files })).toEqual([
      `[internal] load git source ${context.replace(":pw@", ":xxxxx@")} | ${identifier} | ${attrs}`,
    ]);
  });

  test("keeps .git when it is told to", async () => {
    const options = { context: "https://h/a.git", "build-arg:BUILDKIT_CONTEXT_KEEP_GIT_DIR": "1" };
    expect((await sourcesOf("", { options, files: repo }))[0]).toContain("git.keepgitdir=true");
  });

  test("is a folder of a repository; the build file is found from the repository's root", async () => {
    const options = { context: "https://h/a.git", contextsubdir: "sub", filename: "sub/Dockerfile" };
    const { definition } = await compileText("", { options, files: repo });
    expect(sources(definition).slice(1)).toEqual(["copy /sub /"]);
    expect(definition.sources[0]!.filename).toBe("sub/Dockerfile");
  });

  test("is an archive by http, which is unpacked", async () => {
    const url = "https://h/x.tar.bz2";
    const files = { [url]: { context: "BZh91AY" }, [`${url}!`]: { Dockerfile: COPY_ALL } };
    expect(await sourcesOf("", { options: { context: url }, files })).toEqual([
      `[internal] load remote build context | ${url} | http.filename=context`,
      "copy /context / unpacking",
    ]);
  });

  test("is a lone build file by http, under the name context", async () => {
    const url = "https://h/Dockerfile.txt";
    const { definition } = await compileText("", {
      options: { context: url },
      files: { [url]: { context: COPY_ALL } },
    });
    expect(sources(definition)).toEqual([
      `[internal] load remote build context | ${url} | http.filename=context`,
    ]);
    expect(definition.sources[0]!.filename).toBe("context");
  });

  test("may be remote while the build file is the client's", async () => {
    const options = { context: "https://h/a.git", dockerfilekey: "dockerfile" };
    const { bridge } = await compileText(COPY_ALL, { options });
    expect(sources(bridge.solved[0]!)[0]).toContain("local://dockerfile");
  });

  test("that has no build file says where it was looked for", async () => {
    expect(await failureOf("", { options: { context: "https://me:pw@h/a.git", filename: "x" } })).toBe(
      "- DOCKERFILE_NOT_FOUND there is no x in https://me:xxxxx@h/a.git | Write one, or name the file with --file.",
    );
  });

  test("stays a folder of the client when it names neither", async () => {
    const options = { context: "gitlab.com/a/b.git" };
    expect((await sourcesOf(COPY_ALL, { options }))[0]).toContain("local://context");
  });
});

describe("a named context", () => {
  test.each([
    ["https://h/b.git#v1:s", "[internal] load git source https://h/b.git#v1:s | git://h/b.git#v1:s | git.fullurl=https://h/b.git"],
    ["https://h/b.git?ref=v1&mtime=commit", "[internal] load git source https://h/b.git?ref=v1&mtime=commit | git://h/b.git#v1 | git.fullurl=https://h/b.git | git.mtime=commit"],
    ["git@h:b#x", "[internal] load git source git@h:b#x | git://h/b#x | git.fullurl=git@h:b | git.mountsshsock=default"],
    ["ssh://git@h/b", "[internal] load git source ssh://git@h/b | git://h/b | git.fullurl=ssh://git@h/b | git.mountsshsock=default"],
    ["https://h/x.tar", "[context src] https://h/x.tar | https://h/x.tar | http.filename=context"],
    ["local:dir", "[context src] load from client | local://dir | local.sharedkeyhint=context:src-"],
  ])("%s", async (value, expected) => {
    const options = { "context:src": value };
    expect(await sourcesOf("FROM src\nRUN x", { options })).toEqual([expected]);
    expect((await sourcesOf("FROM scratch\nCOPY --from=src / /", { options }))[0]).toBe(expected);
    expect(await sourcesOf("FROM scratch\nRUN --mount=from=src,target=/m x", { options })).toEqual([expected]);
  }); // prettier-ignore

  test("an image of an OCI layout brings its config", async () => {
    const digest = `sha256:${"1".repeat(64)}`;
    const identifier = `oci-layout://docker.io/library/src@${digest}`;
    const options = { "context:src": `oci-layout://store:latest@${digest}` };
    const images = { [identifier]: imageConfig({ User: "u" }) };
    const { definition, config } = await compileText("FROM src\nRUN x", { options, images });
    expect(sources(definition)).toEqual([
      `[context src] OCI load from client | ${identifier} | oci.store=store`,
    ]);
    expect(config!.config!.User).toBe("u");
  });

  test("git keeps no .git because the build context does", async () => {
    const options = { "context:src": "https://h/b.git", "build-arg:BUILDKIT_CONTEXT_KEEP_GIT_DIR": "1" };
    expect((await sourcesOf("FROM src\nRUN x", { options }))[0]).not.toContain("keepgitdir");
  });
});

describe("an archive is told by its content", () => {
  test.each([
    ["gzip", [0x1f, 0x8b, 8, 0], true],
    ["bzip2", [0x42, 0x5a, 0x68, 0x39], true],
    ["xz", [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0, 0], true],
    ["zstd", [0x28, 0xb5, 0x2f, 0xfd, 0], true],
    ["text", [0x46, 0x52, 0x4f, 0x4d], false],
    ["nothing", [], false],
  ])("%s", (_name, bytes, expected) => {
    expect(isArchive(Uint8Array.from(bytes))).toBe(expected);
  });

  test("a tar by the sum in its header, whatever its age", () => {
    const block = new Uint8Array(512);
    block.set(new TextEncoder().encode("Dockerfile"));
    block.set(new TextEncoder().encode("0000644\0"), 100);
    const sum = block.reduce((total, byte) => total + byte, 8 * 0x20);
    expect(isArchive(block)).toBe(false);
    block.set(new TextEncoder().encode(`${sum.toString(8).padStart(6, "0")}\0 `), 148);
    expect(isArchive(block)).toBe(true);
    block[0]!++;
    expect(isArchive(block)).toBe(false);
  });
});
