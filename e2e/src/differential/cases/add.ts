import { file, link, type DifferentialCase } from "../differential-case.ts";

const scratch = (...lines: string[]): string => `FROM scratch\n${lines.join("\n")}\n`;
const busybox = (...lines: string[]): string => `FROM $BASE\n${lines.join("\n")}\n`;

const PACKED = { "t/x": "x\n", "t/sub/y": file("y\n", 0o600), "t/l": link("x") };
const tar = (name: string, flag: string): string =>
  `chown -R 11:22 t; tar -C t --sort=name ${flag} -cf ${name} .; rm -r t`;

const python = (...lines: string[]): string =>
  `python3 - <<'P'
import tarfile, io
t = tarfile.open("a.tar", "w", format=tarfile.PAX_FORMAT)
def entry(name, kind=tarfile.REGTYPE, data=b"", link="", mode=0o644, uid=0):
    i = tarfile.TarInfo(name)
    i.type, i.linkname, i.mode, i.uid, i.size, i.mtime = kind, link, mode, uid, len(data), 1000000000
    t.addfile(i, io.BytesIO(data))
def file(name, data=b"x", **k): entry(name, data=data, **k)
def folder(name): entry(name, tarfile.DIRTYPE, mode=0o755)
def symlink(name, to): entry(name, tarfile.SYMTYPE, link=to, mode=0o777)
def hardlink(name, to, **k): entry(name, tarfile.LNKTYPE, link=to, **k)
${lines.join("\n")}
t.close()
P`;
/** Archives as no tar program makes them. */
const odd = (name: string, ...lines: string[]): DifferentialCase => ({
  name,
  dockerfile: scratch("ADD a.tar /d/"),
  prepare: python(...lines),
});

/** ADD of local files and archives. URLs and repositories are tested beside their sources. */
export const ADD_CASES: readonly DifferentialCase[] = [
  { name: "a file", dockerfile: scratch("ADD a /d/"), files: { a: "a" } },
  { name: "a folder", dockerfile: scratch("ADD . /d/"), files: { a: "a", "b/c": "c" } },
  { name: "a tar", dockerfile: scratch("ADD a.tar /d/"), files: PACKED, prepare: tar("a.tar", "") },
  {
    name: "a tar to a name without a slash",
    dockerfile: scratch("ADD a.tar /d"),
    files: PACKED,
    prepare: tar("a.tar", ""),
  },
  {
    name: "a tar with gzip",
    dockerfile: scratch("ADD a.tar.gz /d/"),
    files: PACKED,
    prepare: tar("a.tar.gz", "-z"),
  },
  {
    name: "a tar with bzip2",
    dockerfile: scratch("ADD a.tbz /d/"),
    files: PACKED,
    prepare: tar("a.tbz", "-j"),
  },
  { name: "a tar with xz", dockerfile: scratch("ADD a.txz /d/"), files: PACKED, prepare: tar("a.txz", "-J") },
  {
    name: "a tar with zstd",
    dockerfile: scratch("ADD a.tzst /d/"),
    files: PACKED,
    prepare: tar("a.tzst", "--zstd"),
  },
  {
    name: "an archive is known by its content, not by its name",
    dockerfile: scratch("ADD a.txt /d/"),
    files: PACKED,
    prepare: tar("a.txt", "-z"),
  },
  {
    name: "a file named like an archive",
    dockerfile: scratch("ADD a.tar.gz /d/"),
    files: { "a.tar.gz": "no archive" },
  },
  {
    name: "a file with gzip that holds no tar",
    dockerfile: scratch("ADD a.gz /d/"),
    files: { a: "text" },
    prepare: "gzip -n a",
  },
  {
    name: "--unpack=false",
    dockerfile: scratch("ADD --unpack=false a.tar /d/"),
    files: PACKED,
    prepare: tar("a.tar", ""),
  },
  {
    name: "--unpack=true",
    dockerfile: scratch("ADD --unpack=true a.tar /d/"),
    files: PACKED,
    prepare: tar("a.tar", ""),
  },
  {
    name: "an archive with --chown",
    dockerfile: scratch("ADD --chown=7:8 a.tar /d/"),
    files: PACKED,
    prepare: tar("a.tar", ""),
  },
  {
    name: "an archive with --chmod",
    dockerfile: scratch("ADD --chmod=711 a.tar /d/"),
    files: PACKED,
    prepare: tar("a.tar", ""),
  },
  {
    name: "an archive with --link",
    dockerfile: busybox("ADD --link a.tar /d/"),
    files: PACKED,
    prepare: tar("a.tar", ""),
  },
  {
    name: "an archive over what is there",
    dockerfile: busybox("RUN mkdir -m 700 -p /d/sub && echo old > /d/x", "ADD a.tar /d/"),
    files: PACKED,
    prepare: tar("a.tar", ""),
  },
  {
    name: "an archive among files",
    dockerfile: scratch("ADD a.tar b /d/"),
    files: { ...PACKED, b: "b" },
    prepare: tar("a.tar", ""),
  },
  {
    name: "archives by a wildcard",
    dockerfile: scratch("ADD *.tar /d/"),
    files: PACKED,
    prepare: `cp -r t u; ${tar("a.tar", "")}; mv u t; echo z > t/z; ${tar("b.tar", "")}`,
  },
  {
    name: "an archive in a folder that is added",
    dockerfile: scratch("ADD dir /d/"),
    files: PACKED,
    prepare: `mkdir dir; ${tar("dir/a.tar", "")}`,
  },
  {
    name: "an archive without entries for its folders",
    dockerfile: scratch("ADD a.tar /d/"),
    files: PACKED,
    prepare: "tar -C t -cf a.tar x sub/y; rm -r t",
  },
  {
    name: "an archive with hard links",
    dockerfile: scratch("ADD a.tar /d/"),
    files: PACKED,
    prepare: `ln t/x t/z; ${tar("a.tar", "")}`,
  },
  {
    name: "an archive with absolute names",
    dockerfile: scratch("ADD a.tar /d/"),
    files: PACKED,
    prepare: "tar -P --transform 's,^t,/abs,' -cf a.tar t; rm -r t",
  },
  {
    name: "an archive with a fifo",
    dockerfile: scratch("ADD a.tar /d/"),
    files: PACKED,
    prepare: `mkfifo t/f; ${tar("a.tar", "")}`,
  },
  {
    name: "an archive with long names",
    dockerfile: scratch("ADD a.tar /d/"),
    files: PACKED,
    prepare: `n=$(printf 'n%.0s' $(seq 180)); mkdir -p t/$n; echo > t/$n/$n; ${tar("a.tar", "--format=gnu")}`,
  },
  {
    name: "an empty archive",
    dockerfile: busybox("ADD a.tar /d/"),
    files: { x: "x" },
    prepare: "tar -cf a.tar -T /dev/null",
  },
  {
    name: "an archive that is cut off",
    dockerfile: scratch("ADD a.tar.gz /d/"),
    files: PACKED,
    prepare: `head -c 200000 /dev/urandom > t/big; ${tar("whole", "-z")}; head -c 100000 whole > a.tar.gz`,
    fails: true,
  },
  {
    name: "text behind an archive with gzip",
    dockerfile: scratch("ADD a.tar.gz /d/"),
    files: PACKED,
    prepare: `${tar("a.tar.gz", "-z")}; echo behind >> a.tar.gz`,
  },
  {
    name: "an archive with gzip without its checksum",
    dockerfile: scratch("ADD a.tar.gz /d/"),
    files: PACKED,
    prepare: `${tar("a.tar.gz", "-z")}; truncate -s -8 a.tar.gz`,
  },
  {
    name: "an archive with names that lead out",
    dockerfile: busybox("RUN mkdir /d /out && echo old > /out/x", "ADD a.tar /d/"),
    files: PACKED,
    prepare: "tar -P --transform 's,^t,../out,' -cf a.tar t; rm -r t",
  },
  {
    name: "an archive with deletions",
    dockerfile: busybox("RUN mkdir -p /d/sub /d/gone && echo old | tee /d/x /d/z /d/sub/k", "ADD a.tar /d/"),
    files: {
      "t/.wh.z": "",
      "t/.wh.gone": "",
      "t/.wh.new": "",
      "t/new": "n",
      "t/sub/.wh..wh..opq": "",
      "t/sub/y": "y",
    },
    prepare: tar("a.tar", ""),
  },
  {
    name: "an archive with links to files that only the image has",
    dockerfile: busybox("RUN mkdir -p -m 700 /d/sub && echo old | tee /d/x /d/sub/k", "ADD a.tar /d/"),
    files: { "t/x": "x", "t/sub/k": "k" },
    prepare:
      "ln t/x t/z; ln t/sub/k t/sub/l; tar -C t --sort=name -cf a.tar .; tar --delete -f a.tar ./x ./sub/k; rm -r t",
  },
  {
    name: "an archive that replaces what it has links to",
    dockerfile: busybox("RUN mkdir /d && echo old > /d/x", "ADD a.tar /d/"),
    files: { "t/x": "x" },
    prepare:
      "ln t/x t/z; tar -C t -cf a.tar x z; tar --delete -f a.tar x; rm t/z; tar -C t -rf a.tar x; rm -r t",
  },
  {
    name: "an archive with links to nothing",
    dockerfile: scratch("ADD a.tar /d/"),
    files: { "t/x": "x" },
    prepare: "ln t/x t/z; tar -C t -cf a.tar x z; tar --delete -f a.tar x; rm -r t",
    fails: true,
  },
  {
    name: "an archive with a plain folder of long ago",
    dockerfile: busybox("RUN mkdir -p -m 700 /d/sub", "ADD a.tar /d/"),
    files: { "t/sub/y": "y" },
    prepare: "chmod 755 t/sub; touch -d @0 t/sub; tar --owner=0 --group=0 -C t -cf a.tar sub; rm -r t",
  },
  {
    name: "a link to an archive",
    dockerfile: scratch("ADD l /d/"),
    files: { ...PACKED, l: link("a.tar") },
    prepare: tar("a.tar", ""),
  },
  { name: "--exclude", dockerfile: scratch("ADD --exclude=b . /d/"), files: { a: "a", b: "b" } },
  { name: "a missing file", dockerfile: scratch("ADD nothing /d/"), files: { a: "a" }, fails: true },
  {
    name: "--checksum of a local file",
    dockerfile: scratch(
      "ADD --checksum=sha256:ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb a /d/",
    ),
    files: { a: "a" },
    fails: true,
  },
  {
    name: "--keep-git-dir of a local file",
    dockerfile: scratch("ADD --keep-git-dir a /d/"),
    files: { a: "a" },
  },
  odd(
    "hard links through links to links",
    "folder('a')",
    "file('a/f')",
    "symlink('l', 'a')",
    "symlink('m', 'l')",
    "hardlink('h', 'm/f')",
  ),
  odd(
    "hard links through links that lead out",
    "folder('a')",
    "file('a/f')",
    "symlink('l', '../../a')",
    "hardlink('l/h', 'l/f')",
  ),
  odd(
    "names through links of links' folders",
    "folder('a')",
    "symlink('a/u', '..')",
    "symlink('v', 'a/u/a')",
    "file('v/f')",
    "file('v/new/g')",
  ),
  {
    ...odd("names through a link that leads nowhere", "symlink('l', 'nothing')", "file('l/x')"),
    fails: true,
  },
  odd(
    "a further name of a file with another mode and owner",
    "file('a', mode=0o600, uid=5)",
    "hardlink('b', 'a', mode=0o755, uid=7)",
  ),
  odd(
    "what AUFS kept to itself",
    "folder('.wh..wh.plnk')",
    "file('.wh..wh.plnk/1.2')",
    "hardlink('a', '.wh..wh.plnk/1.2')",
    "file('.wh..wh.aufs', b'')",
  ),
];
