import { link, type DifferentialCase } from "../differential-case.ts";

const FILES = {
  "a.txt": "a",
  "b.md": "b",
  "src/main.c": "m",
  "src/main.o": "o",
  "src/deep/x.o": "x",
  "src/deep/keep.o": "k",
  "docs/readme.md": "r",
  "docs/img/p.png": "p",
};

const all = (name: string, ignore: string, more: Partial<DifferentialCase> = {}): DifferentialCase => ({
  name,
  dockerfile: "FROM scratch\nCOPY . /c/\n",
  files: { ...FILES, ".dockerignore": ignore },
  ...more,
});

/** What an ignore file keeps back. */
export const DOCKERIGNORE_CASES: readonly DifferentialCase[] = [
  all("a file", "a.txt\n"),
  all("a folder", "src\n"),
  all("a folder with a slash", "src/\n"),
  all("a leading slash", "/docs\n"),
  all("a star", "*.txt\n"),
  all("a star does not go down", "*.o\n"),
  all("two stars go down", "**/*.o\n"),
  all("two stars at the end", "src/**\n"),
  all("a question mark", "?.md\n"),
  all("a class", "[ab].*\n"),
  all("everything", "*\n"),
  all("everything but one", "*\n!a.txt\n"),
  all("everything but a folder", "*\n!src\n"),
  all("everything but a file in a folder", "*\n!src/main.c\n"),
  all("back in by a wildcard", "**/*.o\n!**/keep.o\n"),
  all("the last match counts", "!a.txt\na.txt\n"),
  all("out, in, out", "src\n!src/deep\nsrc/deep/x.o\n"),
  all("comments and empty lines", "# a comment\n\n  \n  a.txt  \n"),
  all("a comment sign that is not first", " #a\nb.md#\n"),
  all("dots", "./src/../docs\n"),
  all("CRLF", "a.txt\r\nsrc\r\n"),
  all("a byte-order mark", "\uFEFFa.txt\n"),
  all("no line end", "a.txt"),
  all("the ignore file and the Dockerfile", ".dockerignore\nDockerfile\n"),
  all("an exclamation mark alone", "!\n", { fails: true }),
  all("a bracket that is not closed", "[a\n", { fails: true }),
  all("a folder by a class of its parent", "d*/i*\n"),
  all("spaces in front of an exclamation mark", "*\n  !a.txt\n"),
  all("an escaped star", "\\*.txt\n"),
  all("the root", "/\n"),
  all("a single dot", ".\n"),
  all("an ignored file that is named", "a.txt\n", {
    dockerfile: "FROM scratch\nCOPY a.txt /c/\n",
    fails: true,
  }),
  all("an ignored file in a wildcard", "a.txt\n", { dockerfile: "FROM scratch\nCOPY *.* /c/\n" }),
  all("a file in an ignored folder that is named", "src\n", {
    dockerfile: "FROM scratch\nCOPY src/main.c /c/\n",
    fails: true,
  }),
  all("an ignored link's target", "a.txt\n", {
    files: { ...FILES, l: link("a.txt"), ".dockerignore": "a.txt\n" },
  }),
  all("a Dockerfile's own ignore file goes first", "a.txt\n", {
    files: { ...FILES, ".dockerignore": "a.txt\n", "Dockerfile.dockerignore": "b.md\n" },
  }),
  all("it applies to ADD", "src\n", { dockerfile: "FROM scratch\nADD . /c/\n" }),
  all("it does not apply to COPY --from", "etc\n", {
    dockerfile: "FROM scratch AS s\nCOPY src /etc/\nFROM scratch\nCOPY --from=s /etc /c/\n",
  }),
  all("it applies to bind mounts", "src\n", {
    dockerfile: "FROM $BASE\nRUN --mount=target=/ctx ls -R /ctx > /out\n",
  }),
];
