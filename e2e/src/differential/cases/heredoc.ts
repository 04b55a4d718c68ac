import type { DifferentialCase } from "../differential-case.ts";

const scratch = (...lines: string[]): string => `FROM scratch\n${lines.join("\n")}\n`;
const busybox = (...lines: string[]): string => `FROM $BASE\n${lines.join("\n")}\n`;

/** A character here is a byte of the file. */
const bytes = (name: string, ...lines: string[]): DifferentialCase => ({
  name: `bytes that are no UTF-8: ${name}`,
  dockerfile: busybox(...lines),
  isBytes: true,
});

/** Here-documents of COPY, ADD and RUN. */
export const HEREDOC_CASES: readonly DifferentialCase[] = [
  {
    name: "what is spelled like one in JSON is empty",
    dockerfile: `FROM scratch\nCOPY ["<<A", "<<-'B'", "3<<C", "/d/"]\nADD ["<<D", "/e"]\n`,
  },
  { name: "COPY to a name", dockerfile: scratch("COPY <<EOF /x", "hello", "EOF") },
  {
    name: "COPY to a folder takes the name of the here-document",
    dockerfile: scratch("COPY <<name.txt /d/", "hello", "name.txt"),
  },
  { name: "COPY of two", dockerfile: scratch("COPY <<one <<two /d/", "1", "one", "2", "two") },
  { name: "COPY of one and a file", dockerfile: scratch("COPY a <<b /d/", "B", "b"), files: { a: "A" } },
  {
    name: "COPY expands variables",
    dockerfile: scratch("ENV V=value", "COPY <<EOF /x", "$V ${V} ${U:-unset} \\$V '$V' \"$V\"", "EOF"),
  },
  {
    name: "COPY in quotes expands nothing",
    dockerfile: scratch("ENV V=value", "COPY <<'EOF' /x", "$V ${V} \\$V '$V'", "EOF"),
  },
  {
    name: "COPY in double quotes expands nothing",
    dockerfile: scratch("ENV V=value", 'COPY <<"EOF" /x', "$V", "EOF"),
  },
  {
    name: "COPY without tabs",
    dockerfile: scratch("COPY <<-EOF /x", "\tone", "\t\ttwo", "  three", "\tEOF"),
  },
  { name: "COPY with tabs", dockerfile: scratch("COPY <<EOF /x", "\tone", "EOF") },
  { name: "COPY of nothing", dockerfile: scratch("COPY <<EOF /x", "EOF") },
  {
    name: "COPY with --chmod and --chown",
    dockerfile: scratch("COPY --chmod=755 --chown=3:4 <<EOF /p/x", "#!/bin/sh", "EOF"),
  },
  { name: "COPY with --link", dockerfile: busybox("COPY --link <<EOF /x", "hello", "EOF") },
  {
    name: "COPY keeps backslashes and comments",
    dockerfile: scratch("COPY <<EOF /x", "# comment \\", "line \\\\ two", "", "end", "EOF"),
  },
  {
    name: "COPY in quotes keeps backslashes and comments",
    dockerfile: scratch("COPY <<'EOF' /x", "# comment \\", "line \\\\ two", "", "end", "EOF"),
  },
  {
    name: "COPY whose text looks like instructions",
    dockerfile: scratch("COPY <<EOF /x", "FROM nothing", "RUN x", "EOF", "LABEL a=b"),
  },
  { name: "COPY into a working folder", dockerfile: scratch("WORKDIR /w", "COPY <<EOF x", "hello", "EOF") },
  { name: "COPY with quotes inside", dockerfile: scratch("COPY <<EOF /x", `it's "quoted"`, "EOF") },
  { name: "ADD to a name", dockerfile: scratch("ADD <<EOF /x", "hello", "EOF") },
  { name: "ADD with --chmod", dockerfile: scratch("ADD --chmod=600 <<EOF /x", "hello", "EOF") },
  { name: "RUN of a script", dockerfile: busybox("RUN <<EOF", "echo one > /out", "echo two >> /out", "EOF") },
  {
    name: "RUN of a script with variables of the shell",
    dockerfile: busybox("ENV V=v", "RUN <<EOF", "X=1", "echo $X $V > /out", "EOF"),
  },
  {
    name: "RUN of a script in quotes",
    dockerfile: busybox("ENV V=v", "RUN <<'EOF'", "echo $V > /out", "EOF"),
  },
  { name: "RUN without tabs", dockerfile: busybox("RUN <<-EOF", "\techo one > /out", "\tEOF") },
  {
    name: "RUN with a shebang",
    dockerfile: busybox("RUN <<EOF", "#!/bin/ash", "echo $0 | grep -c . > /out", "EOF"),
  },
  {
    name: "RUN of a command that reads it",
    dockerfile: busybox("RUN cat <<EOF > /out", "hello $HOME", "EOF"),
  },
  {
    name: "RUN of a command that reads two",
    dockerfile: busybox("RUN cat <<A > /a && cat <<B > /b", "1", "A", "2", "B"),
  },
  {
    name: "RUN of several scripts",
    dockerfile: busybox("RUN <<A <<B", "echo a > /a", "A", "echo b > /b", "B"),
  },
  {
    name: "RUN whose script fails in the middle goes on",
    dockerfile: busybox("RUN <<EOF", "false", "echo after > /out", "EOF"),
  },
  {
    name: "RUN whose script fails at its end",
    dockerfile: busybox("RUN <<EOF", "false", "EOF"),
    fails: true,
  },
  {
    name: "RUN with set -e",
    dockerfile: busybox("RUN <<EOF", "set -e", "false", "echo after > /out", "EOF"),
    fails: true,
  },
  {
    name: "RUN with SHELL",
    dockerfile: busybox('SHELL ["/bin/sh", "-ec"]', "RUN <<EOF", "echo x > /out", "EOF"),
  },
  {
    name: "RUN with a mount",
    dockerfile: busybox("RUN --mount=type=tmpfs,target=/t <<EOF", "echo x > /t/x", "cp /t/x /out", "EOF"),
  },
  { name: "RUN without its end", dockerfile: busybox("RUN <<EOF", "echo x"), fails: true },
  {
    name: "ONBUILD with a here-document",
    dockerfile: scratch("ONBUILD COPY <<EOF /x", "hello $V", "EOF", "ONBUILD RUN <<EOF", "echo", "EOF"),
  },
  {
    name: "JSON form is none",
    dockerfile: busybox('RUN ["/bin/sh", "-c", "cat <<EOF > /out\\nx\\nEOF\\n"]'),
  },
  { name: "shift is none", dockerfile: busybox("RUN echo $((1<<4)) > /out") },
  bytes(
    "quoted",
    "COPY <<'E' /x",
    "a\xff\xfe $V",
    "E",
    'ADD <<"E" /y',
    "\xef\xbb\xbf\xe2\x82\xac\xe2\x82",
    "E",
  ),
  bytes("quoted, without tabs", "COPY <<-'E' /x", "\ta\r\tb\xff", "\t\xff\tc", "\tE"),
  bytes("expanded", "ENV V=q", "COPY <<E /x", "a\xff\xe2\x82$V\xed\xa0\x80 \xf0\x9f\x98x \\\xff", "E"),
  bytes("expanded, with a byte-order mark", "COPY <<E /x", "\xef\xbb\xbfq", "\xef\xbb\xbfq", "E"),
  bytes("a program", "RUN <<-E", "\t#!/bin/sh", "\tprintf '\ta\xff' > /x", "\tE"),
  { ...bytes("a script", "RUN <<E", "printf 'a\xff' > /x", "E"), fails: true },
  { ...bytes("a command", "RUN printf 'a\xff' > /x"), fails: true },
  bytes("a command in JSON", `RUN ["/bin/sh", "-c", "printf 'a\xff' > /x"]`),
  bytes(
    "comments, variables and names",
    "# \xff",
    "ENV V=a\xffb",
    "LABEL l=\xe2\x82",
    "WORKDIR /w\xff",
    "RUN echo > x && \\",
    "# \xff",
    " echo $V > y",
  ),
];
