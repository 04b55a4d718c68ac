import { InputError } from "@slipway/oci";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createPatternMatcher, hasWildcards, matchGlob } from "./index.ts";
import * as names from "./index.ts";

const latin1 = (text: string) => Buffer.from(text, "utf8").toString("latin1");

test("public names", () => {
  expect(Object.keys(names).sort()).toEqual(["createPatternMatcher", "hasWildcards", "matchGlob"]);
});

describe("matchGlob is Go's filepath.Match", () => {
  // The cases that the documentation and tests of Go's path package agree on.
  test.each([
    ["abc", "abc", true],
    ["*", "abc", true],
    ["*c", "abc", true],
    ["a*", "a", true],
    ["a*", "ab/c", false],
    ["a*/b", "abc/b", true],
    ["a*/b", "a/c/b", false],
    ["a*b*c*d*e*/f", "axbxcxdxe/f", true],
    ["a*b*c*d*e*/f", "axbxcxdxexxx/fff", false],
    ["a*b?c*x", "abxbbxdbxebxczzx", true],
    ["a*b?c*x", "abxbbxdbxebxczzy", false],
    ["ab[c]", "abc", true],
    ["ab[b-d]", "abc", true],
    ["ab[e-g]", "abc", false],
    ["ab[^c]", "abc", false],
    ["ab[^e-g]", "abc", true],
    ["a\\*b", "a*b", true],
    ["a\\*b", "ab", false],
    ["a?b", "a☺b", true],
    ["a[^a]b", "a☺b", true],
    ["a???b", "a☺b", false],
    ["[a-ζ]*", "α", true],
    ["*[a-ζ]", "A", false],
    ["a?b", "a/b", false],
    ["a*b", "a/b", false],
    ["[\\]a]", "]", true],
    ["[\\-]", "-", true],
    ["[x\\-]", "-", true],
    ["[\\-x]", "a", false],
    ["*x", "xxx", true],
    ["**", "a/b", false],
    ["a[", "ab", "bad"],
    ["[]a]", "]", "bad"],
    ["[-]", "-", "bad"],
    ["[x-]", "x", "bad"],
    ["[-x]", "x", "bad"],
    ["[a-b-c]", "a", "bad"],
    ["[", "a", "bad"],
    ["[^", "a", "bad"],
    ["[^bc", "a", "bad"],
    ["a\\", "a", "bad"],
  ] as const)("%s on %s", (pattern, name, expected) => {
    for (const spell of [(text: string) => text, latin1]) {
      if (expected === "bad") expect(() => matchGlob(spell(pattern), spell(name))).toThrow(InputError);
      else expect(matchGlob(spell(pattern), spell(name))).toBe(expected);
    }
  });

  test("a byte that is not UTF-8 counts as one character", () => {
    expect(matchGlob("a?b", "a\xffb")).toBe(true);
    expect(matchGlob("a??b", "a\xff\xfeb")).toBe(true);
    expect(matchGlob("a?b", "a\xff\xfeb")).toBe(false);
  });

  test("wildcards are seen", () => {
    expect(["a*", "a?", "[a]", "\\a"].every(hasWildcards)).toBe(true);
    expect(hasWildcards("a/b.c")).toBe(false);
  });

  test("no pattern takes long", () => {
    const start = performance.now();
    expect(matchGlob("a*".repeat(40) + "b", "a".repeat(2000))).toBe(false);
    expect(createPatternMatcher(["**/a".repeat(40) + "/b"]).matches("a/".repeat(500) + "c")).toBe(false);
    expect(performance.now() - start).toBeLessThan(5000);
  });
});

describe("createPatternMatcher is moby/patternmatcher", () => {
  test.each([
    ["**", "file", true],
    ["**", "dir/file", true],
    ["**/", "file", true],
    ["**/", "dir/file", true],
    ["**/**", "dir/file", true],
    ["dir/**", "dir", false],
    ["dir/**", "dir/file", true],
    ["dir/**", "dir/dir2/file", true],
    ["**/dir", "dir", true],
    ["**/dir", "dir/file", true],
    ["**/dir2/*", "dir/dir2/file", true],
    ["**/dir2/*", "dir/dir2/dir2/file", true],
    ["**/dir2/**", "dir/dir2/dir2/file", true],
    ["**file", "file", true],
    ["**file", "dir/file", true],
    ["**file", "dir/dir.file", true],
    ["**/file", "dir/file", true],
    ["**/file", "dir/dir/file", true],
    ["**/file*", "dir/dir/file.txt", true],
    ["**/file*txt", "dir/dir/file.txt", true],
    ["**/file*.txt*", "dir/dir/file.txt", true],
    ["a**/*.txt", "a/file.txt", true],
    ["a**/*.txt", "a/dir/file.txt", true],
    ["a/*.txt", "a/dir/file.txt", false],
    ["a/*.txt**", "a/file.txt", true],
    ["a[b-d]e", "ace", true],
    ["a[b-d]e", "aae", false],
    [".*", ".foo", true],
    [".*", "foo", false],
    ["abc.def", "abcdef", false],
    ["abc?def", "abcZdef", true],
    ["a\\\\", "a\\", true],
    ["**/foo/bar", "in/foo/bar", true],
    ["**/foo/bar", "foo/bar", true],
    ["abc/**", "abc/def/ghi", true],
    ["**/.foo", ".foo", true],
    ["**/.foo", "bar.foo", false],
    ["a(b)c/def", "a(b)c/def", true],
    ["a.|)$(}+{bc", "a.|)$(}+{bc", true],
    [
      "dist/proxy.py-2.4.0rc3.dev36+g08acad9-py3-none-any.whl",
      "dist/proxy.py-2.4.0rc3.dev36+g08acad9-py3-none-any.whl",
      true,
    ],
    ["/abs", "abs/file", true],
    [" spaced ", "spaced", true],
    ["./a//b/", "a/b", true],
    ["a/../b", "b", true],
    ["../x", "x", false],
    ["node_modules", "app/node_modules", false],
    ["a*/b", "a/b", true],
    ["**.txt", "a/b.txt", true],
  ])("%s on %s", (pattern, path, expected) => {
    expect(createPatternMatcher([pattern]).matches(path)).toBe(expected);
    expect(createPatternMatcher([latin1(pattern)]).matches(latin1(path))).toBe(expected);
  });

  test("the last pattern that matches wins", () => {
    const matcher = createPatternMatcher([
      "docs",
      "!docs/README.md",
      "docs/README.md.bak",
      "*.md",
      "!keep.md",
    ]);
    expect(matcher.matches("docs/a")).toBe(true);
    expect(matcher.matches("docs/README.md")).toBe(false);
    expect(matcher.matches("a.md")).toBe(true);
    expect(matcher.matches("keep.md")).toBe(false);
    expect(createPatternMatcher(["!docs/README.md", "docs"]).matches("docs/README.md")).toBe(true);
  });

  test("a pattern that matches a folder anywhere above matches", () => {
    const matcher = createPatternMatcher(["**/node_modules"]);
    expect(matcher.matches("a/node_modules/b/c/d")).toBe(true);
    expect(matcher.matches("a/node_modulesx/b")).toBe(false);
  });

  test("empty patterns and the root count for nothing; a lone exclamation mark is an error", () => {
    expect(createPatternMatcher(["", "  ", ".", "/"]).isEmpty).toBe(true);
    expect(createPatternMatcher([]).matches("a")).toBe(false);
    expect(() => createPatternMatcher(["!"])).toThrow(InputError);
    expect(() => createPatternMatcher(["a["])).toThrow(InputError);
  });

  test("answers do not depend on what was asked before", () => {
    const patterns = ["a/b", "!a/b/c", "**/x", "d/*/e"];
    const paths = fc.array(
      fc
        .array(fc.constantFrom("a", "b", "c", "d", "e", "x"), { minLength: 1, maxLength: 5 })
        .map((p) => p.join("/")),
      {
        maxLength: 20,
      },
    );
    fc.assert(
      fc.property(paths, (list) => {
        const matcher = createPatternMatcher(patterns);
        for (const path of list)
          expect(matcher.matches(path)).toBe(createPatternMatcher(patterns).matches(path));
      }),
    );
  });
});

describe("pruning", () => {
  test("a walk for matches enters only folders that may hold some", () => {
    const matcher = createPatternMatcher(["src/**/*.ts", "package.json", "!src/gen"]);
    expect(matcher.mayMatchBelow("")).toBe(true);
    expect(matcher.mayMatchBelow("src")).toBe(true);
    expect(matcher.mayMatchBelow("src/a/b")).toBe(true);
    expect(matcher.mayMatchBelow("src/gen")).toBe(false);
    expect(matcher.mayMatchBelow("docs")).toBe(false);
    expect(matcher.mayMatchBelow("package.json")).toBe(true);
  });

  test("an ignored folder need not be entered unless something in it is taken back", () => {
    const matcher = createPatternMatcher(["node_modules", "docs", "!docs/README.md", "all/**"]);
    expect(matcher.mayMissBelow("node_modules")).toBe(false);
    expect(matcher.mayMissBelow("node_modules/a")).toBe(false);
    expect(matcher.mayMissBelow("docs")).toBe(true);
    expect(matcher.mayMissBelow("docs/sub")).toBe(false);
    expect(matcher.mayMissBelow("all")).toBe(false);
    expect(matcher.matches("all")).toBe(false);
    expect(matcher.mayMissBelow("src")).toBe(true);
  });

  test("never leaves out a path that the other answer holds for", () => {
    const part = fc.constantFrom("a", "b", "ab", "*", "**", "?", "a*", "[ab]", "b**");
    const pattern = fc
      .tuple(fc.boolean(), fc.array(part, { minLength: 1, maxLength: 4 }))
      .map(([negated, parts]) => (negated ? "!" : "") + parts.join("/"));
    const path = fc.array(fc.constantFrom("a", "b", "ab", "aab", "c"), { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(fc.array(pattern, { maxLength: 5 }), path, (patterns, parts) => {
        const matcher = createPatternMatcher(patterns);
        const matches = matcher.matches(parts.join("/"));
        for (let i = 0; i < parts.length; i++) {
          const dir = parts.slice(0, i).join("/");
          expect(matches ? matcher.mayMatchBelow(dir) : matcher.mayMissBelow(dir)).toBe(true);
        }
      }),
      { numRuns: 3000 },
    );
  });
});
