import { InputError } from "@slipway/oci";
import { describe, expect, test } from "vitest";
import { gitSource, isGitReference, parseGitReference } from "./git-reference.ts";

const COMMIT = "1".repeat(40);

/** Identifier and attributes, without those that every repository has. */
function sourceOf(text: string, options?: Parameters<typeof gitSource>[1]): string {
  const { identifier, attrs } = gitSource(parseGitReference(text)!, options);
  const rest = Object.entries(attrs)
    .filter(([key]) => !/^git\.auth(?:header|token)secret$/.test(key))
    .map(([key, value]) => `${key.slice(4)}=${value}`);
  return [identifier, ...rest].join(" ");
}

function failureOf(text: string): string {
  try {
    parseGitReference(text);
  } catch (error) {
    if (error instanceof InputError) return `${error.code} ${error.message} | ${error.hint}`;
    throw error;
  }
  throw new Error("it was taken");
}

describe("what is a git repository", () => {
  test.each([
    "https://h/a/b.git", "http://h/b.git", "HTTPS://h/b.git", "https://h/b.git#v1", "https://h/b.git?ref=x", "git://h/a/b",
    "git://h", "ssh://git@h/a", "ssh://h/", "git@h:a/b", "git@h:a/b.git#x", "some-one.x@h:a.git", "git@h:/a",
  ])("%s is one", (text) => {
    expect(isGitReference(text)).toBe(true);
  }); // prettier-ignore

  test.each([
    "https://h/a/b", "http://h/b.git/", "https://h/b.git/x", "https://h/b.gitx", "https://h/b?ref=x.git", "git@h", "h:a/b.git",
    "git+ssh://h/a", "file:///a/b.git", "github.com/a/b", "gitlab.com/a/b.git", "a/b.git", ".", "",
  ])("%s is none", (text) => {
    expect(isGitReference(text)).toBe(false);
    expect(parseGitReference(text)).toBeNull();
  }); // prettier-ignore

  test("github.com/… is one where no path can stand", () => {
    expect(isGitReference("github.com/a/b", { shorthand: true })).toBe(true);
    expect(isGitReference("gitlab.com/a/b.git", { shorthand: true })).toBe(false);
    expect(parseGitReference("github.com/a/b#x", { shorthand: true })).toMatchObject({
      remote: "https://github.com/a/b",
      host: "github.com",
      path: "/a/b",
      ref: "x",
    });
  });
});

describe("addresses become the sources that BuildKit makes of them", () => {
  test.each([
    ["https://h/a/b.git", "git://h/a/b.git fullurl=https://h/a/b.git"],
    ["https://h/b.git#", "git://h/b.git fullurl=https://h/b.git"],
    ["https://h/b.git#v1", "git://h/b.git#v1 fullurl=https://h/b.git"],
    ["https://h/b.git#:sub", "git://h/b.git#:sub fullurl=https://h/b.git"],
    ["https://h/b.git#v1:", "git://h/b.git#v1 fullurl=https://h/b.git"],
    ["https://h/b.git#v1:/", "git://h/b.git#v1 fullurl=https://h/b.git"],
    ["https://h/b.git#v1:/x", "git://h/b.git#v1:x fullurl=https://h/b.git"],
    ["https://h/b.git#v1:a/../b/", "git://h/b.git#v1:b fullurl=https://h/b.git"],
    ["https://h/b.git#v1:../x", "git://h/b.git#v1:x fullurl=https://h/b.git"],
    ["https://h/b.git#a#b", "git://h/b.git#a#b fullurl=https://h/b.git"],
    ["https://h/b.git#a%20b", "git://h/b.git#a b fullurl=https://h/b.git"],
    ["https://h/a%20b.git", "git://h/a b.git fullurl=https://h/a%20b.git"],
    ["https://h/a//b.git", "git://h/a/b.git fullurl=https://h/a//b.git"],
    ["https://h/a/../b.git", "git://h/b.git fullurl=https://h/a/../b.git"],
    ["https://h:8443/b.git", "git://h:8443/b.git fullurl=https://h:8443/b.git"],
    ["https://user:pw@h/b.git", "git://h/b.git fullurl=https://user:pw@h/b.git"],
    [`https://h/b.git#${COMMIT}:s`, `git://h/b.git#${COMMIT}:s fullurl=https://h/b.git`],
    ["git://h", "git://h/ fullurl=git://h"],
    ["git://h/a/b#r:s", "git://h/a/b#r:s fullurl=git://h/a/b"],
    [
      "ssh://git@h:22/a/b.git#v:x",
      "git://h:22/a/b.git#v:x fullurl=ssh://git@h:22/a/b.git mountsshsock=default",
    ],
    ["ssh://git@h/~a/b.git", "git://h/~a/b.git fullurl=ssh://git@h/~a/b.git mountsshsock=default"],
    ["git@h:a/b#x:y", "git://h/a/b#x:y fullurl=git@h:a/b mountsshsock=default"],
    ["user@h:/a/b.git", "git://h/a/b.git fullurl=user@h:/a/b.git mountsshsock=default"],
    ["git@h:22/a.git", "git://h/22/a.git fullurl=git@h:22/a.git mountsshsock=default"],
    ["https://h/b.git?ref=v1", "git://h/b.git#v1 fullurl=https://h/b.git"],
    ["https://h/b.git?tag=v1", "git://h/b.git#refs/tags/v1 fullurl=https://h/b.git"],
    ["https://h/b.git?branch=v1", "git://h/b.git#refs/heads/v1 fullurl=https://h/b.git"],
    ["https://h/b.git?branch=refs/heads/x", "git://h/b.git#refs/heads/x fullurl=https://h/b.git"],
    ["https://h/b.git?ref=a%2Fb&", "git://h/b.git#a/b fullurl=https://h/b.git"],
    ["https://h/b.git?subdir=x/y", "git://h/b.git#:x/y fullurl=https://h/b.git"],
    ["https://h/b.git?subdir=../x", "git://h/b.git#:x fullurl=https://h/b.git"],
    ["https://h/b.git?subdir=a#b", "git://h/b.git#b:a fullurl=https://h/b.git"],
    ["https://h/b.git?ref=a#a", "git://h/b.git#a fullurl=https://h/b.git"],
    ["https://h/b.git?checksum=abcdef1#v1", "git://h/b.git#v1 fullurl=https://h/b.git checksum=abcdef1"],
    [`https://h/b.git?commit=${COMMIT}`, `git://h/b.git fullurl=https://h/b.git checksum=${COMMIT}`],
    ["https://h/b.git?keep-git-dir=true", "git://h/b.git fullurl=https://h/b.git keepgitdir=true"],
    ["https://h/b.git?keep-git-dir", "git://h/b.git fullurl=https://h/b.git keepgitdir=true"],
    ["https://h/b.git?keep-git-dir=false", "git://h/b.git fullurl=https://h/b.git"],
    ["https://h/b.git?submodules=0", "git://h/b.git fullurl=https://h/b.git skipsubmodules=true"],
    ["https://h/b.git?submodules", "git://h/b.git fullurl=https://h/b.git"],
    ["https://h/b.git?mtime=commit", "git://h/b.git fullurl=https://h/b.git mtime=commit"],
    ["https://h/b.git?fetch-by-commit=1", "git://h/b.git fullurl=https://h/b.git fetchbycommit=true"],
    ["git@h:a/b.git?ref=x", "git://h/a/b.git#x fullurl=git@h:a/b.git mountsshsock=default"],
    ["git://h/b?ref=x", "git://h/b#x fullurl=git://h/b"],
  ])("%s", (text, expected) => {
    expect(sourceOf(text)).toBe(expected);
  });

  test("every attribute beyond the address needs a capability", () => {
    const { caps } = gitSource(
      parseGitReference("git@h:a.git?checksum=abc&keep-git-dir&submodules=0&mtime=commit&fetch-by-commit")!,
    );
    expect(caps.map((cap) => cap.replace("source.git.", ""))).toEqual([
      "source.git",
      "fullurl",
      "knownsshhosts",
      "mountsshsock",
      "keepgitdir",
      "checksum",
      "skipsubmodules",
      "mtime",
      "fetchbycommit",
    ]);
  });

  test("what the reference says goes before a flag", () => {
    expect(sourceOf("https://h/b.git", { keepGitDir: true, checksum: "ab" })).toBe(
      "git://h/b.git fullurl=https://h/b.git keepgitdir=true checksum=ab",
    );
    expect(sourceOf("https://h/b.git?keep-git-dir=0", { keepGitDir: true })).toBe(
      "git://h/b.git fullurl=https://h/b.git",
    );
  });
});

test.each([
  ["https://h/b.git?foo=1", `its query has no "foo" | It takes ref, tag, branch, subdir, checksum, commit, keep-git-dir, submodules, mtime, fetch-by-commit.`],
  ["https://h/b.git?submodule=1", `its query has no "submodule" | Did you mean submodules?`],
  ["https://h/b.git?ref", `"ref" has no value | Write ref=value, or remove it.`],
  ["https://h/b.git?ref=", `"ref" has no value | Write ref=value, or remove it.`],
  ["https://h/b.git?ref=a&ref=a", `"ref" is given twice | Remove one of them.`],
  ["https://h/b.git?ref=a#b", `the fragment says "b", ref says "a" | Keep one of the two.`],
  ["https://h/b.git?tag=a&branch=b", `tag says "refs/tags/a", branch says "refs/heads/b" | Keep one of the two.`],
  ["https://h/b.git?subdir=a#b:c", `the fragment says "c", subdir says "a" | Keep one of the two.`],
  ["https://h/b.git?checksum=a&commit=b", `checksum says "a", commit says "b" | Keep one of the two.`],
  ["https://h/b.git?keep-git-dir=x", `keep-git-dir is "x" | keep-git-dir is true or false.`],
  ["https://h/b.git?mtime=x", `mtime is "x" | mtime is checkout or commit.`],
  ["https://h/b.git?ref=%zz", `"%zz" has a % that encodes nothing | Write %25 for a percent sign.`],
])("%s is refused with the reason", (text, reason) => {
  expect(failureOf(text)).toBe(`GIT_REFERENCE_INVALID "${text}" does not name a git repository: ${reason}`);
}); // prettier-ignore

test("a password in an address is not shown", () => {
  expect(failureOf("https://me:secret@h/b.git?mtime=x")).not.toContain("secret");
});
