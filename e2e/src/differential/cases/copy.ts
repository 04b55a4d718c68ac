import { file, folder, hardlink, link, type DifferentialCase } from "../differential-case.ts";

const TREE = {
  "a.txt": "a\n",
  "b.txt": "b\n",
  "dir/one": "1\n",
  "dir/two": file("2\n", 0o640),
  "dir/sub/three": "3\n",
  "dir/run.sh": file("#!/bin/sh\n", 0o755),
};

const scratch = (...lines: string[]): string => `FROM scratch\n${lines.join("\n")}\n`;
const busybox = (...lines: string[]): string => `FROM $BASE\n${lines.join("\n")}\n`;

/** Destinations: what becomes of a file and of a folder. */
const DESTINATIONS: readonly DifferentialCase[] = [
  {
    name: "--chown=-1 changes nothing",
    dockerfile:
      "FROM scratch\nCOPY --chown=-1 a /a\nCOPY --chown=5:-1 a /b/\nCOPY --chown=-1:6 <<E /c\nx\nE\n",
    files: { a: "a" },
  },
  { name: "a file to a name", dockerfile: scratch("COPY a.txt /x"), files: TREE },
  {
    name: "a file to a name in folders that are not there",
    dockerfile: scratch("COPY a.txt /p/q/x"),
    files: TREE,
  },
  { name: "a file to a folder, by a slash", dockerfile: scratch("COPY a.txt /p/q/"), files: TREE },
  { name: "a file to the root", dockerfile: scratch("COPY a.txt /"), files: TREE },
  { name: "a file to a relative name", dockerfile: scratch("WORKDIR /w", "COPY a.txt x"), files: TREE },
  {
    name: "a file to the working folder, by a dot",
    dockerfile: scratch("WORKDIR /w", "COPY a.txt ."),
    files: TREE,
  },
  { name: "a file to ./", dockerfile: scratch("WORKDIR /w", "COPY a.txt ./"), files: TREE },
  { name: "a file to ..", dockerfile: scratch("WORKDIR /w/v", "COPY a.txt .."), files: TREE },
  {
    name: "a file to a folder that is there",
    dockerfile: scratch("COPY dir /d", "COPY a.txt /d"),
    files: TREE,
  },
  { name: "a file over a file", dockerfile: scratch("COPY a.txt /x", "COPY b.txt /x"), files: TREE },
  { name: "a folder's content to a name", dockerfile: scratch("COPY dir /d"), files: TREE },
  { name: "a folder's content to a folder, by a slash", dockerfile: scratch("COPY dir /d/"), files: TREE },
  { name: "a folder with a slash", dockerfile: scratch("COPY dir/ /d"), files: TREE },
  { name: "a folder with a dot behind it", dockerfile: scratch("COPY dir/. /d"), files: TREE },
  { name: "the whole context", dockerfile: scratch("COPY . /all/"), files: TREE },
  { name: "the whole context to the root", dockerfile: scratch("COPY . /"), files: TREE },
  {
    name: "a folder into a folder that is there",
    dockerfile: scratch("COPY dir /d", "COPY dir/sub /d"),
    files: TREE,
  },
  {
    name: "a folder over a folder merges",
    dockerfile: scratch("COPY dir /d", "COPY a.txt /d/extra", "COPY dir /d"),
    files: TREE,
  },
  { name: "several files to a folder", dockerfile: scratch("COPY a.txt b.txt /d/"), files: TREE },
  {
    name: "several files to what is no folder yet",
    dockerfile: scratch("COPY a.txt b.txt /d"),
    files: TREE,
  },
  { name: "a file and a folder to a folder", dockerfile: scratch("COPY a.txt dir /d/"), files: TREE },
  {
    name: "the same file twice in one instruction",
    dockerfile: scratch("COPY a.txt a.txt /d/"),
    files: TREE,
  },
  { name: "a destination with dots in it", dockerfile: scratch("COPY a.txt /p/../q/./x"), files: TREE },
  {
    name: "a destination that climbs above the root",
    dockerfile: scratch("COPY a.txt /../../x"),
    files: TREE,
  },
  { name: "a destination with doubled slashes", dockerfile: scratch("COPY a.txt //p//x"), files: TREE },
  { name: "a file to a name with a slash-dot", dockerfile: scratch("COPY a.txt /p/."), files: TREE },
  {
    name: "a file over a folder",
    dockerfile: busybox("COPY dir /x/a.txt", "COPY a.txt /x/"),
    files: TREE,
    fails: true,
  },
  {
    name: "a folder over a file",
    dockerfile: scratch("COPY a.txt /x", "COPY dir /x"),
    files: TREE,
    fails: true,
  },
  {
    name: "JSON form with spaces in names",
    dockerfile: scratch('COPY ["a b", "/c d/"]'),
    files: { "a b": "x" },
  },
  { name: "an empty folder", dockerfile: scratch("COPY empty /e"), files: { empty: folder(0o700) } },
  { name: "an empty file", dockerfile: scratch("COPY empty /e"), files: { empty: "" } },
];

/** Sources: wildcards, links, what is missing. */
const SOURCES: readonly DifferentialCase[] = [
  { name: "a wildcard over files", dockerfile: scratch("COPY *.txt /d/"), files: TREE },
  { name: "a wildcard that one file matches, to a name", dockerfile: scratch("COPY a*.txt /d"), files: TREE },
  { name: "a wildcard that matches a folder", dockerfile: scratch("COPY di* /d"), files: TREE },
  { name: "a wildcard that matches files and folders", dockerfile: scratch("COPY * /d/"), files: TREE },
  { name: "a wildcard in a folder's name", dockerfile: scratch("COPY d*/one /d/"), files: TREE },
  { name: "a wildcard that matches nothing", dockerfile: scratch("COPY *.zip a.txt /d/"), files: TREE },
  { name: "only a wildcard that matches nothing", dockerfile: busybox("COPY *.zip /d/"), files: TREE },
  { name: "a question mark", dockerfile: scratch("COPY ?.txt /d/"), files: TREE },
  { name: "a class of characters", dockerfile: scratch("COPY [ab].txt /d/"), files: TREE },
  { name: "a negated class of characters", dockerfile: scratch("COPY [^a].txt /d/"), files: TREE },
  {
    name: "an escaped bracket",
    dockerfile: scratch("COPY arr[[]0].txt /d/"),
    files: { "arr[0].txt": "x", "arr0.txt": "y" },
  },
  { name: "two stars", dockerfile: scratch("COPY **/three /d/"), files: TREE },
  { name: "a file that is missing", dockerfile: scratch("COPY nothing /d"), files: TREE, fails: true },
  { name: "a folder that is missing", dockerfile: scratch("COPY no/thing /d"), files: TREE, fails: true },
  { name: "a source above the context", dockerfile: scratch("COPY ../../a.txt /d/"), files: TREE },
  { name: "an absolute source", dockerfile: scratch("COPY /dir/one /d/"), files: TREE },
  {
    name: "a link to a file, named",
    dockerfile: scratch("COPY l /d/"),
    files: { ...TREE, l: link("a.txt") },
  },
  {
    name: "a link to a folder, named",
    dockerfile: scratch("COPY l /d/"),
    files: { ...TREE, l: link("dir") },
  },
  {
    name: "a link to a folder, with a slash",
    dockerfile: scratch("COPY l/ /d/"),
    files: { ...TREE, l: link("dir") },
  },
  {
    name: "a file through a link",
    dockerfile: scratch("COPY l/one /d/"),
    files: { ...TREE, l: link("dir") },
  },
  {
    name: "links inside of a folder",
    dockerfile: scratch("COPY d /d/"),
    files: {
      "d/x": "x",
      "d/rel": link("x"),
      "d/abs": link("/etc/passwd"),
      "d/up": link("../../x"),
      "d/gone": link("nothing"),
    },
  },
  {
    name: "a link that leads out of the context",
    dockerfile: scratch("COPY l /d/"),
    files: { l: link("/nothing/here") },
    fails: true,
  },
  {
    name: "an absolute link within the context",
    dockerfile: scratch("COPY l /d/"),
    files: { ...TREE, l: link("/a.txt") },
  },
  {
    name: "a chain of links",
    dockerfile: scratch("COPY l1 /d/"),
    files: { ...TREE, l1: link("l2"), l2: link("l3"), l3: link("a.txt") },
  },
  {
    name: "a loop of links",
    dockerfile: scratch("COPY l1 /d/"),
    files: { l1: link("l2"), l2: link("l1") },
    fails: true,
  },
  {
    name: "a wildcard over links",
    dockerfile: scratch("COPY l* /d/"),
    files: { ...TREE, l1: link("a.txt"), l2: link("dir") },
  },
  {
    name: "hard links",
    dockerfile: scratch("COPY d /d/"),
    files: { "d/x": "same", "d/y": hardlink("d/x"), "d/z/w": hardlink("d/x") },
  },
  { name: "a hard link alone", dockerfile: scratch("COPY y /d/"), files: { x: "same", y: hardlink("x") } },
  {
    name: "a fifo in a folder",
    dockerfile: scratch("COPY d /d/"),
    files: { "d/f": { kind: "fifo" }, "d/x": "x" },
  },
  { name: "names beyond ASCII", dockerfile: scratch("COPY ärger/日本 /d/"), files: { "ärger/日本": "x" } },
  {
    name: "odd permissions",
    dockerfile: scratch("COPY d /d/"),
    files: {
      "d/suid": file("x", 0o4755),
      "d/sgid": file("x", 0o2755),
      "d/none": file("x", 0o000),
      "d/sticky": folder(0o1777),
    },
  },
  {
    name: "owners of the context are not kept",
    dockerfile: scratch("COPY d /d/"),
    files: { "d/x": "x" },
    prepare: "chown -R 1234:5678 d",
  },
  {
    name: "extended attributes",
    dockerfile: scratch("COPY d /d/"),
    files: { "d/x": "x" },
    prepare: "setfattr -n user.colour -v blue d/x",
  },
  {
    name: "capabilities",
    dockerfile: scratch("COPY x /d/"),
    files: { x: file("x", 0o755) },
    prepare: "/sbin/setcap cap_net_raw+ep x",
  },
];

/** What is there already. */
const EXISTING: readonly DifferentialCase[] = [
  {
    name: "through a link to a folder",
    dockerfile: busybox("RUN mkdir /real && ln -s real /l", "COPY a.txt /l/"),
    files: TREE,
  },
  {
    name: "through an absolute link to a folder",
    dockerfile: busybox("RUN mkdir -p /x/real && ln -s /x/real /l", "COPY dir /l/"),
    files: TREE,
  },
  {
    name: "onto a link to a file",
    dockerfile: busybox("RUN echo old > /real && ln -s real /l", "COPY a.txt /l"),
    files: TREE,
  },
  {
    name: "onto a link that leads nowhere",
    dockerfile: busybox("RUN ln -s nothing /l", "COPY a.txt /l"),
    files: TREE,
  },
  {
    name: "into a folder through a link that leads nowhere",
    dockerfile: busybox("RUN ln -s nothing /l", "COPY a.txt /l/"),
    files: TREE,
  },
  {
    name: "a folder keeps its mode and owner",
    dockerfile: busybox("RUN mkdir -m 700 /d && chown 5:6 /d", "COPY a.txt /d/"),
    files: TREE,
  },
  {
    name: "a folder keeps its mode under --chmod and --chown",
    dockerfile: busybox("RUN mkdir -m 700 /d && chown 5:6 /d", "COPY --chmod=755 --chown=1:2 a.txt /d/"),
    files: TREE,
  },
  {
    name: "a folder's content over a folder with another mode",
    dockerfile: busybox("RUN mkdir -m 700 -p /d/sub", "COPY dir /d"),
    files: TREE,
  },
  {
    name: "a file over a file with another mode and owner",
    dockerfile: busybox("RUN echo old > /x && chmod 600 /x && chown 5:6 /x", "COPY a.txt /x"),
    files: TREE,
  },
  {
    name: "a link over a file",
    dockerfile: busybox("RUN mkdir /d && echo old > /d/l", "COPY d /d"),
    files: { "d/l": link("elsewhere") },
  },
  {
    name: "a file over a link inside of a folder",
    dockerfile: busybox("RUN mkdir /d && ln -s /etc/passwd /d/one", "COPY dir /d"),
    files: TREE,
  },
  {
    name: "a folder over a link to a folder inside of a folder",
    dockerfile: busybox("RUN mkdir -p /d /real && ln -s /real /d/sub", "COPY dir /d"),
    files: TREE,
    fails: true,
  },
  { name: "below a file", dockerfile: busybox("RUN echo > /f", "COPY a.txt /f/x"), files: TREE, fails: true },
  {
    name: "after its place was removed",
    dockerfile: busybox("RUN mkdir /d && echo > /d/x", "RUN rm -r /d", "COPY a.txt /d/"),
    files: TREE,
  },
];

/** Flags. */
const FLAGS: readonly DifferentialCase[] = [
  { name: "--chmod of a file", dockerfile: scratch("COPY --chmod=600 a.txt /d/"), files: TREE },
  { name: "--chmod of a folder", dockerfile: scratch("COPY --chmod=711 dir /d/"), files: TREE },
  { name: "--chmod with four digits", dockerfile: scratch("COPY --chmod=4755 a.txt /p/q/x"), files: TREE },
  { name: "--chmod in letters", dockerfile: scratch("COPY --chmod=u=rwX,go=rX dir /d/"), files: TREE },
  { name: "--chmod adding", dockerfile: scratch("COPY --chmod=a+x a.txt /d/"), files: TREE },
  { name: "--chmod taking away", dockerfile: scratch("COPY --chmod=go-rwx dir /d/"), files: TREE },
  {
    name: "--chmod with a variable",
    dockerfile: scratch("ARG M=751", "COPY --chmod=$M dir /d/"),
    files: TREE,
  },
  {
    name: "--chmod that is none",
    dockerfile: scratch("COPY --chmod=rubbish a.txt /d/"),
    files: TREE,
    fails: true,
  },
  { name: "--chown by numbers", dockerfile: scratch("COPY --chown=12:34 dir /p/q/"), files: TREE },
  { name: "--chown by one number", dockerfile: scratch("COPY --chown=12 a.txt /x"), files: TREE },
  { name: "--chown by names", dockerfile: busybox("COPY --chown=daemon:daemon dir /d/"), files: TREE },
  {
    name: "--chown by a name that is missing",
    dockerfile: busybox("COPY --chown=nobodyknows dir /d/"),
    files: TREE,
  },
  {
    name: "--chown with a variable",
    dockerfile: scratch("ARG U=7", "COPY --chown=$U:$U a.txt /x"),
    files: TREE,
  },
  {
    name: "--chown and --chmod on missing parents",
    dockerfile: scratch("COPY --chown=1:2 --chmod=640 a.txt /p/q/r/"),
    files: TREE,
  },
  { name: "--link", dockerfile: busybox("COPY --link a.txt /d/"), files: TREE },
  {
    name: "--link with a folder",
    dockerfile: busybox("RUN mkdir -m 700 /d", "COPY --link dir /d/"),
    files: TREE,
  },
  { name: "--link with owners", dockerfile: busybox("COPY --link --chown=4:5 dir /d/"), files: TREE },
  { name: "--link=false", dockerfile: busybox("COPY --link=false a.txt /d/"), files: TREE },
  { name: "--parents", dockerfile: scratch("COPY --parents dir/sub/three a.txt /d/"), files: TREE },
  { name: "--parents with a wildcard", dockerfile: scratch("COPY --parents dir/*/three /d/"), files: TREE },
  { name: "--parents with two stars", dockerfile: scratch("COPY --parents ./**/t* /d/"), files: TREE },
  { name: "--parents with a pivot", dockerfile: scratch("COPY --parents dir/./sub/three /d/"), files: TREE },
  { name: "--parents of a folder", dockerfile: scratch("COPY --parents dir/sub /d/"), files: TREE },
  {
    name: "--parents of what is missing",
    dockerfile: scratch("COPY --parents dir/nothing /d/"),
    files: TREE,
    fails: true,
  },
  {
    name: "--parents with a wildcard that matches nothing",
    dockerfile: busybox("COPY --parents dir/*.zip /d/"),
    files: TREE,
  },
  {
    name: "--parents with modes and owners",
    dockerfile: scratch("COPY --parents --chmod=750 --chown=3:4 dir/sub/three /d/"),
    files: TREE,
  },
  { name: "--exclude", dockerfile: scratch("COPY --exclude=*.txt . /d/"), files: TREE },
  { name: "--exclude of a folder", dockerfile: scratch("COPY --exclude=sub dir /d/"), files: TREE },
  {
    name: "--exclude several times",
    dockerfile: scratch("COPY --exclude=one --exclude=sub/** dir /d/"),
    files: TREE,
  },
  { name: "--exclude with two stars", dockerfile: scratch("COPY --exclude=**/t* . /d/"), files: TREE },
  {
    name: "--exclude and back in",
    dockerfile: scratch("COPY --exclude=*.txt --exclude=!a.txt . /d/"),
    files: TREE,
  },
  {
    name: "--exclude with --parents",
    dockerfile: scratch("COPY --parents --exclude=**/one dir /d/"),
    files: TREE,
  },
  { name: "--exclude of the only file", dockerfile: busybox("COPY --exclude=a.txt a.txt /d/"), files: TREE },
  {
    name: "--from a stage by name",
    dockerfile: `FROM $BASE AS s\nRUN mkdir -m 750 /o && echo x > /o/f && chown -R 8:9 /o\n${scratch("COPY --from=s /o /p")}`,
  },
  {
    name: "--from a stage by number",
    dockerfile: `FROM $BASE\nRUN echo x > /f\n${scratch("COPY --from=0 /f /p/")}`,
  },
  {
    name: "--from a stage, a link",
    dockerfile: `FROM $BASE AS s\nRUN mkdir /o && echo x > /o/f && ln -s f /o/l && ln -s /o /k\n${scratch("COPY --from=s /k/l /p/")}`,
  },
  { name: "--from an image", dockerfile: scratch("COPY --from=$BASE /etc/passwd /p/") },
  {
    name: "--from a stage, --chown by names of the target",
    dockerfile: `FROM scratch AS s\nCOPY a.txt /\nFROM $BASE\nCOPY --from=s --chown=daemon /a.txt /x\n`,
    files: TREE,
  },
  {
    name: "--from a stage, relative path",
    dockerfile: `FROM $BASE AS s\nWORKDIR /w\nRUN echo x > f\n${scratch("COPY --from=s w/f /p/")}`,
  },
  {
    name: "--from a stage that comes later",
    dockerfile: `FROM scratch\nCOPY --from=later /x /\nFROM $BASE AS later\n`,
    options: { target: "" },
    files: TREE,
    fails: false,
  },
  { name: "a flag that is unknown", dockerfile: scratch("COPY --chwon=1 a.txt /"), files: TREE, fails: true },
];

/** COPY, in all corners that authors meet. */
export const COPY_CASES: readonly DifferentialCase[] = [
  ...DESTINATIONS,
  ...SOURCES,
  ...EXISTING,
  ...FLAGS,
  {
    name: "--chown by names that nobody can have",
    dockerfile: busybox(
      "COPY --chown=a/b a.txt /x",
      "COPY --chown=daemon:b/c a.txt /y",
      "COPY --chown='a b' a.txt /z",
    ),
    files: TREE,
  },
];
