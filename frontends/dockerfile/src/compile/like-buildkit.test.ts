import { describe, expect, it, test } from "vitest";
import { vertices, type CopyAction, type Vertex } from "@slipway/ir";
import { compileText, errorOf, failureOf, type CompileInput } from "../fake-bridge.test.support.ts";

// What BuildKit 0.30 was found to do otherwise, by comparing definitions and configs of random files.

async function verticesOf(text: string, input?: CompileInput): Promise<readonly Vertex[]> {
  return [...vertices((await compileText(text, input)).definition)];
}

async function copyOf(text: string): Promise<CopyAction> {
  const actions = (await verticesOf(text)).flatMap(({ op }) => (op.kind === "file" ? op.actions : []));
  return actions.find((action): action is CopyAction => action.kind === "copy")!;
}

describe("COPY", () => {
  it.each<[string, string]>([
    ["/x/.", "/x/."],
    ["/x/./.", "/x/."],
    ["/x/./", "/x/"],
    ["/x/..", "/"],
    ["/.", "/."],
    [".", "/w/"],
    ["./.", "/w/."],
    ["x/.", "/w/x/."],
  ])("a destination %s keeps the dot at its end: %s", async (dest, expected) => {
    expect((await copyOf(`FROM scratch\nWORKDIR /w\nCOPY a ${dest}`)).dest).toBe(expected);
  });

  test("the paths that are asked of the context are escaped as Go does", async () => {
    const sources = await verticesOf('FROM scratch\nCOPY ["a<b", "c&d", "e\u2028", "/x/"]');
    const local = sources.find(({ op }) => op.kind === "source")!;
    expect(local.op).toMatchObject({
      attrs: { "local.followpaths": String.raw`["a\u003cb","c\u0026d","e\u2028"]` },
    });
  });

  test("git repositories that do not come by http are among the paths that are asked of the context", async () => {
    const text =
      "FROM scratch\nCOPY a /\nADD git@h.org:a/b ssh://git@h.org/c.git https://h.org/d.git https://h.org/e /x/";
    const sources = (await verticesOf(text)).map(({ op }) => op);
    expect(sources).toContainEqual(
      expect.objectContaining({
        identifier: "local://context",
        attrs: expect.objectContaining({
          "local.followpaths": '["a","git@h.org:a/b","ssh:/git@h.org/c.git"]',
        }) as unknown,
      }),
    );
  });

  it.each<[string, object]>([
    ["1:2:3", { user: { kind: "id", id: 1 }, group: { kind: "name", name: "2:3", input: 0 } }],
    ["4294967295", { user: { kind: "name", name: "4294967295", input: 0 } }],
    [
      "99999999999:0",
      { user: { kind: "name", name: "99999999999", input: 0 }, group: { kind: "id", id: 0 } },
    ],
  ])("--chown=%s is a name that is looked up", async (chown, owner) => {
    expect((await copyOf(`FROM alpine\nCOPY --chown=${chown} a b`)).owner).toEqual(owner);
  });

  test("a --checksum that is empty once it is expanded is none", async () => {
    expect((await copyOf("FROM scratch\nADD --checksum=$NONE a /")).src).toBe("/a");
  });
});

describe("EXPOSE", () => {
  it.each([
    "127.0.0.1:80",
    "a:80",
    "[::1]:80",
    "1.2.3:80:80",
    "256.0.0.1::80",
    "::1::1::80",
    "8080:80-81",
    "80-:80",
    "99999:80",
  ])("%s has a wrong part of the host", async (port) => {
    expect(await failureOf(`FROM scratch\nEXPOSE ${port}`)).toContain("PORT_INVALID");
  });

  it.each([
    "8080:80",
    "8080-8081:80",
    "127.0.0.1::80",
    "[::1]:8080:80",
    "::1:8080:80",
    "::80",
    ":80",
    "000080",
  ])("%s is port 80", async (port) => {
    const { config } = await compileText(`FROM scratch\nEXPOSE ${port}`);
    expect(config?.config?.ExposedPorts).toEqual({ "80/tcp": {} });
  });
});

describe("flags", () => {
  test.each(["--network=HOST", "--network=Host", "--security=INSECURE"])(
    "%s: the values of RUN's flags are in lower case",
    async (flag) => {
      expect(await failureOf(`FROM scratch\nRUN ${flag} x`)).toMatch(/^2:\S+ FLAG_VALUE .*Did you mean/);
    },
  );

  test.each([" ", "\u00a0", "\u0085", "\u2003 "])(
    "a flag ends at %j, which belongs to nothing",
    async (space) => {
      expect(await copyOf(`FROM scratch\nCOPY --exclude=a${space}x y`)).toMatchObject({
        src: "/x",
        excludePatterns: ["a"],
      });
    },
  );
});

test("half a surrogate pair in a JSON array becomes U+FFFD", async () => {
  const { config } = await compileText(String.raw`FROM scratch
CMD ["\ud800a", "\ud83d\ude00"]`);
  expect(config?.config?.Cmd).toEqual(["\ufffda", "\u{1f600}"]);
});

test("a byte-order mark at the start of a word is taken off", async () => {
  const { config } = await compileText(
    "FROM scratch\nARG A=1\nENV X=\ufeffa Y=b\ufeff Z=\ufeff$A\nUSER \ufeffu",
  );
  expect(config?.config?.Env?.slice(1)).toEqual(["X=a", "Y=b\ufeff", "Z=1"]);
  expect(config?.config?.User).toBe("u");
});

describe("a mistake in --mount", () => {
  const text =
    "FROM alpine AS a\nRUN --mount=type=nope,target=/x true\nRUN --mount=type=bind,traget=/x true\nFROM scratch\nCOPY b /\n";

  test("stops no build that does not need its stage", async () => {
    expect((await verticesOf(text)).map(({ op }) => op.kind)).toContain("file");
  });

  test("stops a build that needs it, which tells of the others, too", async () => {
    expect(await errorOf(text, { options: { target: "a" } })).toMatchObject({
      code: "MOUNT_INVALID",
      location: { line: 2 },
      data: { others: [{ code: "MOUNT_INVALID", location: { line: 3 } }] },
    });
  });
});

describe("in a stage that the target does not need", () => {
  const before = (line: string): string => `FROM scratch AS other\n${line}\n\nFROM scratch\nCOPY a /\n`;
  const target = { options: { target: "other" } };

  it.each([
    "RUN []",
    "RUN --mount=type=nope,target=/x x",
    "RUN --mount=type=tmpfs,target=/x,size=q x",
    "RUN --device=required x",
    "COPY --chmod=zz a b",
    "STOPSIGNAL foo",
    "EXPOSE abc",
    "VOLUME $X",
    "ENV a=${b",
    "ADD --checksum=zz http://x/y z",
  ])("%s is a mistake that stops only builds that need it", async (line) => {
    await compileText(before(line));
    expect(await failureOf(before(line), target)).toMatch(/^2:/);
  });

  it.each<[string, string]>([
    ["RUN --mount= x", "MOUNT_INVALID"],
    ["RUN --mount='' x", "MOUNT_INVALID"],
    [`RUN --mount='type=bind,"target=/x"y' x`, "MOUNT_INVALID"],
    ["RUN --mount=from=UPPER,target=/x x", "REFERENCE_INVALID"],
    ["RUN --device= x", "FLAG_VALUE"],
    ["RUN --device=a,name=b x", "FLAG_VALUE"],
    ["COPY --from=a:b:c a b", "REFERENCE_INVALID"],
    ['VOLUME ["/a", " "]', "VOLUME_EMPTY"],
  ])("%s stops every build", async (line, code) => {
    expect(await failureOf(before(line))).toMatch(new RegExp(`^2:\\S+ ${code} `));
  });
});

test.each(["a=b", "required,foo=1", "name=a,required=TRUE", ",x"])(
  "--device=%s names a device",
  async (device) => {
    const [{ op } = {}] = (await verticesOf(`FROM alpine\nRUN --device=${device} x`)).slice(-1);
    expect(op).toMatchObject({ kind: "exec" });
  },
);

test("flags of ARG and STOPSIGNAL are nothing, and told", async () => {
  const { config } = await compileText("FROM scratch\nARG --x A=1\nSTOPSIGNAL --y=z 9\nENV B=$A");
  expect(config?.config).toMatchObject({ StopSignal: "9", Env: [expect.stringContaining("PATH="), "B=1"] });
});

test.each<[string, number]>([
  ["1e3", 1000],
  ["1E3k", 1024_000],
  [".5m", 1 << 19],
  ["1.m", 1 << 20],
  ["+1_0 kib", 10_240],
  ["0.1", 0],
  ["8191p", 0],
])("size=%s of a tmpfs is %d bytes", async (size, sizeBytes) => {
  const [{ op } = {}] = (
    await verticesOf(`FROM alpine\nRUN --mount=type=tmpfs,target=/x,'size=${size}' x`)
  ).slice(-1);
  expect(op).toMatchObject({ mounts: [{}, { kind: "tmpfs", sizeBytes }] });
});

test.each(["1ki", "1ib", "1  k", " 1k", "1k ", "1e", "1_", "1__0", "-1", "0x10", "inf", "1e400"])(
  "size=%j is none",
  async (size) => {
    const text = `FROM alpine\nRUN --mount=type=tmpfs,target=/x,'size=${size}' x`;
    expect(await failureOf(text)).toContain("MOUNT_INVALID");
  },
);

test.each(["foo/bar", "macos/x86_64", "windows(10.0.17763)/amd64", "arm/v6", "sparc"])(
  "FROM --platform=%s is a platform, whether anybody has one or not",
  async (platform) => {
    // Without a base image there is nothing in it that could be of another platform.
    const { config } = await compileText(`FROM --platform=${platform} scratch\nENV A=$TARGETARCH`);
    expect(config?.os).toBe("linux");
  },
);

test.each(["a.b/c", "linux(1", "foo", "a/b/c/d", "linux/"])(
  "FROM --platform=%s is none",
  async (platform) => {
    expect(await failureOf(`FROM --platform=${platform} scratch`)).toContain("PLATFORM_INVALID");
  },
);
