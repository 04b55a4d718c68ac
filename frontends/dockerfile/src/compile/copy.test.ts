import { printTree, validate, vertices, type CopyAction, type Vertex } from "@slipway/ir";
import { describe, expect, it, test } from "vitest";
import { compileText, failureOf } from "../fake-bridge.test.support.ts";

const F = "FROM alpine\n";
const S = "FROM scratch\n";
const SHA256 = "24454f830cdb571e2c4ad15481119c43b3cafd48dd869a9b2945d1036d1dc68d";
const COMMIT = "0123456789012345678901234567890123456789";

async function compiled(text: string) {
  const output = await compileText(text);
  validate(output.definition);
  return output;
}

/** The copies of the last step. */
async function copiesOf(text: string): Promise<readonly CopyAction[]> {
  const { op } = (await compiled(text)).definition.result!.vertex;
  if (op.kind !== "file") throw new Error(`the last step is a ${op.kind} op`);
  return op.actions.map((action) => {
    if (action.kind !== "copy") throw new Error(`${action.kind} in a COPY`);
    return action;
  });
}

async function copyOf(text: string): Promise<CopyAction> {
  const [action, ...others] = await copiesOf(text);
  expect(others).toEqual([]);
  return action!;
}

async function sourcesOf(text: string): Promise<readonly Vertex[]> {
  return [...vertices((await compiled(text)).definition)].filter(({ op }) => op.kind === "source");
}

/** Content of the files that here-documents become, by name. */
async function inlineOf(text: string): Promise<Readonly<Record<string, string>>> {
  const found: [string, string][] = [];
  for (const { op } of vertices((await compiled(text)).definition)) {
    const action = op.kind === "file" ? op.actions[0] : undefined;
    if (action?.kind === "mkfile") found.push([action.path, Buffer.from(action.data).toString()]);
  }
  return Object.fromEntries(found);
}

async function historyOf(text: string): Promise<string | undefined> {
  return (await compiled(text)).config?.history?.at(-1)?.created_by;
}

describe("here-documents", () => {
  test("a document is a file that is made apart and copied", async () => {
    const { definition } = await compiled(`${S}COPY <<EOF /a\nhello\nEOF`);
    expect(`\n${printTree(definition).replace(/, [0-9a-f]{12}/g, "")}`).toMatchInlineSnapshot(`
      "
      #1 [1/1] COPY <<EOF /a (file)
        copy from: #2 [internal] preparing inline document (file)
      "
    `);
    expect(await copyOf(`${S}COPY --chown=1:2 --chmod=600 <<EOF /d/\nx\nEOF`)).toMatchObject({
      src: "/EOF",
      dest: "/d/",
      owner: { user: { kind: "id", id: 1 }, group: { kind: "id", id: 2 } },
      mode: 0o600,
      followSymlink: false,
      dirCopyContents: false,
      allowWildcard: false,
      attemptUnpack: false,
      createDestPath: true,
    });
  });

  it.each<[string, string]>([
    ["COPY <<EOF /a\n$V ${V} ${U:-u} '$V' \"$V\"\nEOF", "v v u 'v' \"v\"\n"],
    ["COPY <<EOF /a\n\\$V \\\\ \\n `ls` $(ls)\nEOF", "$V \\ n `ls` $(ls)\n"],
    ["COPY <<EOF /a\na\\\nb\nEOF", "a\nb\n"],
    ["COPY <<'EOF' /a\n$V \\$V \"\nEOF", '$V \\$V "\n'],
    ['COPY <<"EOF" /a\n$V\nEOF', "$V\n"],
    ["COPY <<E'O'F /a\n$V\nEOF", "$V\n"],
    ["COPY <<-EOF /a\n\t\ta\n \tb\n\n\tEOF", "a\n \tb\n\n"],
    ["COPY <<EOF /a\nEOF", ""],
    ["COPY <<EOF /a\n# no comment\n\n  x\nEOF", "# no comment\n\n  x\n"],
    ["COPY <<EOF /a\r\nx\r\nEOF\r\n", "x\r\n"],
    ["ADD <<EOF /a\n$V\nEOF", "v\n"],
  ])("%j holds what BuildKit's does", async (text, expected) => {
    expect(await inlineOf(`${S}ENV V=v\n${text}`)).toEqual({ "/EOF": expected });
  });

  test("the backslash escapes in a document, whatever escapes in the file", async () => {
    const text = "# escape=`\nFROM scratch\nENV V=v\nCOPY <<EOF /a\n`$V \\$V\nEOF";
    expect(await inlineOf(text)).toEqual({ "/EOF": "`v $V\n" });
  });

  test("several stand among ordinary sources, and are copied after them", async () => {
    const text = `${S}COPY <<a <<-"b" x <<c y /d/\n1\na\n\t2\n\tb\n3\nc`;
    expect((await copiesOf(text)).map(({ src }) => src)).toEqual(["/x", "/y", "/a", "/b", "/c"]);
    expect(await inlineOf(text)).toEqual({ "/a": "1\n", "/b": "2\n", "/c": "3\n" });
    expect(await historyOf(text)).toBe("COPY x y <<a <<b <<c /d/ # buildkit");
  });

  test("may be longer than a word can get", async () => {
    const lines = "$V ${V:-no}\n".repeat(300_000);
    const found = await inlineOf(`${S}ENV V=v\nCOPY <<EOF /a\n${lines}EOF`);
    expect(found["/EOF"] === "v v\n".repeat(300_000)).toBe(true);
    expect(await failureOf(`${S}ENV V=v\nCOPY <<EOF /a\n${lines}$V ${"${U?}"}\nEOF`)).toMatch(
      /^300004:4-8 EXPANSION_FAILED /,
    );
  });

  test("names are taken as they are", async () => {
    expect(await inlineOf(`${S}ENV X=v\nCOPY <<$X /d/\n1\n$X`)).toEqual({ "/$X": "1\n" });
  });

  test("documents need no build context", async () => {
    expect(await sourcesOf(`${S}COPY <<EOF /a\nx\nEOF`)).toEqual([]);
  });

  it.each<[string, string]>([
    [
      "COPY <<EOF /a\nx\n  ${U:?not here}\nEOF",
      '4:3-16 EXPANSION_FAILED "${U:?not here}" in the here-document EOF cannot be expanded: U: not here',
    ],
    ["COPY <<-EOF /a\n\tx\n\t\t$V ${V\n\tEOF", '4:6-8 EXPANSION_FAILED "${V" in the here-document EOF'],
    ["COPY <<a/b /c/\nx\na/b", '2:6-10 HEREDOC_NAME the here-document "a/b"'],
    ["COPY <<.. /c/\nx\n..", "2:6-9 HEREDOC_NAME"],
    [
      "COPY a <<EOF\nx\nEOF",
      "2:8-12 INSTRUCTION_ARGUMENTS COPY cannot have a here-document as its destination",
    ],
    ["COPY <<EOF\nx\nEOF", "2:6-10 INSTRUCTION_ARGUMENTS COPY needs a source and a destination"],
  ])("%j is refused", async (text, expected) => {
    expect((await failureOf(F + text)).slice(0, expected.length)).toBe(expected);
  });
});

describe("--chmod", () => {
  it.each<[string, Partial<CopyAction>]>([
    ["755", { mode: 0o755, modeStr: "" }],
    ["04755", { mode: 0o4755, modeStr: "" }],
    ["0", { mode: 0, modeStr: "" }],
    ["u=rwX,go=rX", { mode: 0, modeStr: "u=rwX,go=rX" }],
    ["+x", { modeStr: "+x" }],
    ["u+s,g=u-w,o=", { modeStr: "u+s,g=u-w,o=" }],
    ["$M", { mode: 0o640, modeStr: "" }],
    ["${C},g-r", { modeStr: "a+x,g-r" }],
    ["", { mode: -1, modeStr: "" }],
  ])("%j", async (chmod, expected) => {
    expect(await copyOf(`${S}ENV M=640 C=a+x\nCOPY --chmod=${chmod} a b`)).toMatchObject(expected);
  });

  it.each(["888", "17777", "0o755", "rwx", "u", "u+z", "u+x,", ",u+x", "u=7", "-1", "' 755'", "u+x,X"])(
    "%j is no mode",
    async (chmod) => {
      const failure = await failureOf(`${F}COPY --chmod=${chmod} a b`);
      expect(failure).toMatch(/^2:14\S* CHMOD_INVALID ".*" is (?:not|no) a mode \| Write it in octal, /);
    },
  );

  test("makes --link an ordinary copy", async () => {
    expect((await copyOf(`${F}COPY --link --chmod=a+x a b`)).input).toBe(0);
  });
});

describe("--chown", () => {
  it.each<[string, object]>([
    ["1:2", { user: { kind: "id", id: 1 }, group: { kind: "id", id: 2 } }],
    ["1", { user: { kind: "id", id: 1 } }],
    [":2", { user: { kind: "id", id: 0 }, group: { kind: "id", id: 2 } }],
    ["app", { user: { kind: "name", name: "app", input: 0 } }],
    ["app:1", { user: { kind: "name", name: "app", input: 0 }, group: { kind: "id", id: 1 } }],
    [
      "a/b:c d",
      { user: { kind: "name", name: "a/b", input: 0 }, group: { kind: "name", name: "c d", input: 0 } },
    ],
    ["root:root", { user: { kind: "id", id: 0 }, group: { kind: "id", id: 0 } }],
    ["+5", { user: { kind: "id", id: 5 } }],
    ["4294967294", { user: { kind: "id", id: 4294967294 } }],
    ["$U:$U", { user: { kind: "id", id: 7 }, group: { kind: "id", id: 7 } }],
  ])("%s", async (chown, owner) => {
    expect((await copyOf(`${F}ENV U=7\nCOPY --chown="${chown}" a b`)).owner).toEqual(owner);
  });

  test("names are looked up in the image, for every source", async () => {
    for (const { owner } of await copiesOf(`${F}COPY --chown=app a b c/`))
      expect(owner).toEqual({ user: { kind: "name", name: "app", input: 0 } });
  });

  it.each<[string, string]>([
    ["--chown=-4294967296", "2:14-24 CHOWN_INVALID -4294967296 is no number that a user or group can have"],
    [
      "--link --chown=me",
      '2:21-22 CHOWN_INVALID --link copies apart from the image, where "me" has no number',
    ],
  ])("%s is refused", async (flags, expected) => {
    expect((await failureOf(`${F}COPY ${flags} a b`)).slice(0, expected.length)).toBe(expected);
  });
});

describe("--parents", () => {
  it.each<[string, Pick<CopyAction, "src" | "includePatterns" | "requiredPaths">]>([
    ["x/y/*.c", { src: "/", includePatterns: ["x/y/*.c"], requiredPaths: [] }],
    ["x/y/a.c", { src: "/", includePatterns: ["x/y/a.c"], requiredPaths: ["/x/y/a.c"] }],
    ["./x", { src: "/", includePatterns: ["x"], requiredPaths: ["/x"] }],
    ["x/./y", { src: "/x", includePatterns: ["y"], requiredPaths: ["/x/y"] }],
    ["./x/./y/./z", { src: "/x", includePatterns: ["y/z"], requiredPaths: ["/x/y/z"] }],
    ["x*/./y", { src: "/x*", includePatterns: ["y"], requiredPaths: [] }],
    ["x/./../y", { src: "/x", includePatterns: ["y"], requiredPaths: ["/x/y"] }],
    ["../x", { src: "/", includePatterns: ["x"], requiredPaths: ["/x"] }],
    ["a/../b", { src: "/", includePatterns: ["b"], requiredPaths: ["/b"] }],
    ["a\\\\*b", { src: "/", includePatterns: ["a\\*b"], requiredPaths: ["/a\\*b"] }],
    ["[ab]", { src: "/", includePatterns: ["[ab]"], requiredPaths: [] }],
    ["d/./", { src: "/d", includePatterns: [], requiredPaths: [] }],
    [".", { src: "/", includePatterns: [], requiredPaths: [] }],
  ])("%s", async (source, expected) => {
    const { src, includePatterns, requiredPaths } = await copyOf(
      `${S}COPY --parents ["${source.replaceAll("\\", "\\\\")}", "/d/"]`,
    );
    expect({ src, includePatterns, requiredPaths }).toEqual(expected);
  });

  test("the context is asked for the files alone", async () => {
    const [context] = await sourcesOf(`${S}COPY --parents ./x/./y/*.c a/b z /d/`);
    expect(context!.op).toMatchObject({ attrs: { "local.followpaths": '["a/b","x/y/*.c","z"]' } });
  });

  test("is in the history", async () => {
    const text = `${S}COPY --chmod=700 --parents --chown=1:2 --exclude=q a b/`;
    expect(await historyOf(text)).toBe("COPY --parents --chown=1:2 --chmod=700 a b/ # buildkit");
  });
});

describe("--exclude", () => {
  test("several patterns, in their order, as they are written", async () => {
    const text = `${S}ENV X=1\nCOPY --exclude=*.a --exclude=!b.a --exclude=$X --exclude= a b c/`;
    for (const { excludePatterns } of await copiesOf(text))
      expect(excludePatterns).toEqual(["*.a", "!b.a", "$X", ""]);
  });

  test("goes for everything that ADD adds", async () => {
    const text = `${S}ADD --exclude=x a https://h/b https://h/c.git <<E d/\nE`;
    expect((await copiesOf(text)).map(({ excludePatterns }) => excludePatterns)).toEqual(
      Array.from({ length: 4 }, () => ["x"]),
    );
  });
});

describe("ADD of URLs", () => {
  it.each<[string, string]>([
    ["https://h/a/b.tar.gz?x=/y#z", "b.tar.gz"],
    ["http://h/a/", "a"],
    ["https://h/a%20b", "a b"],
    ["https://h/a/../b", "b"],
    ["https://h/a%2fb", "b"],
    ["https://h", "__unnamed__"],
    ["https://h/", "__unnamed__"],
    ["https://h/%", "__unnamed__"],
    ["https://h/..", "__unnamed__"],
    ["https://github.com/a/b", "b"],
    ["https://u:p@h:8080/a", "a"],
  ])("%s is the file %s", async (url, name) => {
    const [source] = await sourcesOf(`${S}ADD ${url} /d/`);
    expect(source!.op).toEqual({ kind: "source", identifier: url, attrs: { "http.filename": name } });
    expect(await copyOf(`${S}ADD ${url} /d/`)).toMatchObject({
      src: `/${name}`,
      dest: "/d/",
      mode: -1,
      attemptUnpack: false,
      allowWildcard: false,
    });
  });

  it.each([`sha256:${SHA256}`, `sha384:${"a".repeat(96)}`, `sha512:${"0".repeat(128)}`])(
    "--checksum=%s is checked by the source",
    async (checksum) => {
      const [source] = await sourcesOf(`${S}ENV C=${checksum}\nADD --checksum=$C https://h/a <<E /d/\nE`);
      expect(source!.op).toMatchObject({ attrs: { "http.checksum": checksum } });
    },
  );

  it.each<[string, string]>([
    [
      `--checksum=foo https://h/a`,
      '2:16-18 CHECKSUM_INVALID "foo" is no checksum: it does not say which algorithm it is of',
    ],
    [
      "--checksum=sha256:abc https://h/a",
      '2:16-25 CHECKSUM_INVALID "sha256:abc" is no checksum: sha256 has 64 hexadecimal digits, not 3',
    ],
    [
      `--checksum=md5:${"0".repeat(32)} https://h/a`,
      `2:16-51 CHECKSUM_INVALID "md5:${"0".repeat(32)}" is no checksum: "md5" is no algorithm that is known`,
    ],
    [
      `--checksum=sha256:${SHA256.toUpperCase()} https://h/a`,
      `2:16-86 CHECKSUM_INVALID "sha256:${SHA256.toUpperCase()}" is no checksum: it is not in lower-case hexadecimal digits`,
    ],
    [
      `--checksum=sha256:${SHA256} a`,
      '2:16-86 CHECKSUM_INVALID --checksum is for URLs and git repositories, and "a" is a file of the context',
    ],
    [
      `--checksum=sha256:${SHA256} https://h/a https://h/b`,
      "2:16-86 CHECKSUM_INVALID --checksum is for one source alone",
    ],
  ])("ADD %s is refused", async (args, expected) => {
    expect((await failureOf(`${F}ADD ${args} /d/`)).slice(0, expected.length)).toBe(expected);
  });

  test("is not COPY's business", async () => {
    expect(await failureOf(`${F}COPY https://a/b c`)).toBe(
      '2:6-16 INSTRUCTION_ARGUMENTS COPY takes files, not URLs: "https://a/b" | Write ADD instead.',
    );
    expect(await failureOf(`${F}COPY git@a:b c`)).toBe(
      '2:6-12 INSTRUCTION_ARGUMENTS COPY takes files, not git repositories: "git@a:b" | Write ADD instead.',
    );
  });

  test("what is no address is a path", async () => {
    expect((await copyOf(`${S}ADD HTTPS://h/a b`)).src).toBe("/HTTPS:/h/a");
    expect((await copyOf(`${S}ADD github.com/a/b c`)).src).toBe("/github.com/a/b");
  });
});

describe("ADD of git repositories", () => {
  it.each<[string, string, Readonly<Record<string, string>>]>([
    ["https://h/a.git#v1:sub", "git://h/a.git#v1:sub", { "git.fullurl": "https://h/a.git" }],
    [
      "--keep-git-dir git@h:a.git",
      "git://h/a.git",
      { "git.keepgitdir": "true", "git.mountsshsock": "default" },
    ],
    [`--checksum=${COMMIT} https://h/a.git?ref=main`, "git://h/a.git#main", { "git.checksum": COMMIT }],
    ["https://h/a.git?keep-git-dir=1", "git://h/a.git", { "git.keepgitdir": "true" }],
  ])("%s", async (args, identifier, attrs) => {
    const [source] = await sourcesOf(`${S}ADD ${args} /d`);
    expect(source!.op).toMatchObject({ kind: "source", identifier, attrs });
    expect(await copyOf(`${S}ADD ${args} /d`)).toMatchObject({
      src: "/",
      dest: "/d",
      dirCopyContents: false,
    });
  });

  it.each<[string, string]>([
    [
      "--keep-git-dir=false https://h/a.git?keep-git-dir=true",
      "2:26-58 FLAG_CONFLICT --keep-git-dir is false",
    ],
    [
      `--checksum=${COMMIT} https://h/a.git?checksum=99`,
      `2:16-55 CHECKSUM_INVALID --checksum is ${COMMIT}, and the address says 99`,
    ],
    ["https://h/a.git?nope=1", "2:5-26 GIT_REFERENCE_INVALID"],
  ])("%s is refused", async (args, expected) => {
    expect((await failureOf(`${F}ADD ${args} /d`)).slice(0, expected.length)).toBe(expected);
  });
});

describe("ADD --unpack", () => {
  it.each<[string, boolean]>([
    ["a.tar", true],
    ["--unpack a.tar", true],
    ["--unpack=false a.tar", false],
    ["https://h/a.tar", false],
    ["--unpack https://h/a.tar", true],
    ["--unpack=false https://h/a.tar", false],
    ["--unpack https://h/a.git", false],
    ["--unpack <<E\nE", false],
  ])("ADD %s", async (args, unpacks) => {
    const [source, ...rest] = args.split("\n");
    const copy = await copyOf(`${S}ADD ${source} /d${rest.map((line) => `\n${line}`).join("")}`);
    expect(copy.attemptUnpack).toBe(unpacks);
  });
});

describe("COPY --archive", () => {
  test("takes the context with its owners, beside the one without", async () => {
    const sources = await sourcesOf(`${S}COPY --archive a b\nCOPY c d`);
    expect(sources.map(({ op }) => op.kind === "source" && op.attrs["slipway.local.keepowner"])).toEqual(
      expect.arrayContaining([undefined, "true"]),
    );
  });

  test("changes nothing for what comes from a stage, which has owners anyway", async () => {
    const text = (flags: string) => `FROM alpine AS a\nFROM scratch\nCOPY ${flags}--from=a /x /y`;
    const [plain, archive] = [await compiled(text("")), await compiled(text("--archive "))];
    expect(archive.definition.result!.vertex.digest).toBe(plain.definition.result!.vertex.digest);
  });

  test("does not go with --chown", async () => {
    expect(await failureOf(`${F}COPY --archive --chown=1 a b`)).toMatch(/^2:24 FLAG_CONFLICT /);
  });
});

describe("flags", () => {
  it.each<[string, string]>([
    [
      "COPY a",
      "2:6 INSTRUCTION_ARGUMENTS COPY needs a source and a destination | Write COPY source… destination.",
    ],
    [
      "ADD",
      "2:1-3 INSTRUCTION_ARGUMENTS ADD needs a source and a destination | Write ADD source… destination.",
    ],
    [
      "ADD --from=x a b",
      "2:5-10 FLAG_UNKNOWN ADD has no flag --from | ADD takes --chown, --chmod, --link, --exclude, --checksum, --keep-git-dir, --unpack.",
    ],
    [
      "COPY --unpack a b",
      "2:6-13 FLAG_UNKNOWN COPY has no flag --unpack | COPY takes --from, --chown, --chmod, --link, --parents, --exclude, --archive.",
    ],
    ["COPY --parent a b", "2:6-13 FLAG_UNKNOWN COPY has no flag --parent | Did you mean --parents?"],
    [
      "COPY --link=perhaps a b",
      '2:13-19 FLAG_VALUE --link is true or false, not "perhaps" | Write --link alone to turn it on.',
    ],
    [
      "COPY --parents=$X a b",
      '2:16-17 FLAG_VALUE --parents is true or false, not "$X" | Write --parents alone to turn it on.',
    ],
    [
      "COPY --exclude a b",
      "2:6-14 FLAG_VALUE --exclude needs a value | Write --exclude=value, without a space.",
    ],
    ["COPY --chown=1 --chown=2 a b", "2:16-24 FLAG_DUPLICATE --chown is given twice | Remove one of them."],
    [
      "COPY --from=$X a b",
      "2:13-14 FLAG_VALUE --from takes no variables | Give the image a stage of its own, FROM ${NAME} AS name, and copy --from=name.",
    ],
    [
      "COPY a[ b",
      '2:6-7 PATTERN_INVALID "a[" is not a pattern: it ends in a backslash or in an open bracket | Put a backslash before *, ?, [ and \\ to mean the character itself.',
    ],
    [
      "COPY --exclude=[z-] a b",
      '2:16-19 PATTERN_INVALID "[z-]" is not a pattern: a range has no end | Put a backslash before *, ?, [ and \\ to mean the character itself.',
    ],
  ])("%s", async (text, expected) => {
    expect(await failureOf(F + text)).toBe(expected);
  });
});
