import type { DifferentialCase } from "../differential-case.ts";

const busybox = (...lines: string[]): string => `FROM $BASE\n${lines.join("\n")}\n`;
const env = (name: string, ...lines: string[]): DifferentialCase => ({ name, dockerfile: busybox(...lines) });

/** ENV, ARG and what becomes of variables. */
export const VARIABLE_CASES: readonly DifferentialCase[] = [
  env("ENV with an equals sign", "ENV A=1 B=2"),
  env("ENV with a space", "ENV A one two  three "),
  env("ENV with quotes", `ENV A="one two" B='three $A' C=four\\ five`),
  env("ENV with escapes", `ENV A="a\\"b" B=\\$x C="\\\\n"`),
  env("ENV in the old form with quotes", `ENV A "one two"`),
  env("ENV sees what was set before, not beside it", "ENV A=1", "ENV A=2 B=$A"),
  env("ENV again", "ENV A=1", "ENV A=2", "ENV B=$A"),
  env("ENV empty", "ENV A=", "ENV B=x$A"),
  { name: "ENV without a value", dockerfile: busybox("ENV A"), fails: true },
  env("ENV over lines", "ENV A=1 \\", "  B=2 \\", "# a comment", "  C=3"),
  env("ENV PATH", "ENV PATH=/x:$PATH"),
  env("ENV with an equals sign in its value", "ENV A=b=c"),
  env("default :-", "ENV A=${X:-d} B=${X-d} C=${PATH:-d} E= F=${E:-d} G=${E-d}"),
  env("default of an empty variable", "ENV E=", "ENV A=${E:-d} B=${E-d} C=${E:+s} D=${E+s}"),
  env("alternative :+", "ENV A=${X:+s} B=${PATH:+s} C=${PATH+s}"),
  env("required :?", "ENV A=${PATH:?must} B=${PATH?must}"),
  env("nested defaults", "ENV D=deep", "ENV A=${X:-${Y:-$D}}"),
  env("prefix #", "ENV P=a/b/c", "ENV A=${P#*/} B=${P##*/} C=${P#x}"),
  env("suffix %", "ENV P=a.tar.gz", "ENV A=${P%.*} B=${P%%.*} C=${P%x}"),
  env("replacement /", "ENV P=a-b-c", "ENV A=${P/-/_} B=${P//-/_} C=${P/x/y} E=${P//[bc]/z}"),
  {
    name: "replacement without what to put there",
    dockerfile: busybox("ENV P=abc", "ENV A=${P/b}"),
    fails: true,
  },
  env("replacement with a star", "ENV P=foobar", "ENV A=${P/o*b/X} B=${P//?/x}"),
  env("replacement with a slash in it", "ENV P=a/b", "ENV A=${P/\\//-}"),
  env("names end where they end", "ENV A=1", "ENV B=$A-x C=${A}x D=$Ax E=$A.x"),
  env("a dollar alone", "ENV A=$ B=a$ C=$-"),
  env("positional names", "ENV A=$1 B=$@"),
  env("variables in single quotes stay", "ENV A='$PATH' B=\"$PATH\""),
  env("an escaped dollar", 'ENV A=\\$PATH B="\\$PATH"'),
  env("ARG without a default", "ARG A", "ENV B=x$A"),
  env("ARG with a default", "ARG A=1", "ENV B=x$A", "RUN echo $A > /out"),
  env("ARG behind ENV of its name", "ENV A=env", "ARG A=arg", "RUN echo $A > /out"),
  env("ENV behind ARG of its name", "ARG A=arg", "ENV A=env", "RUN echo $A > /out"),
  env("several ARGs", "ARG A=1 B=2 C", "RUN echo $A$B$C > /out"),
  env("ARG from ARG", "ARG A=1", "ARG B=$A-2", "RUN echo $B > /out"),
  {
    name: "ARG from outside",
    dockerfile: busybox("ARG A=1", "RUN echo $A > /out"),
    options: { "build-arg:A": "9 9" },
  },
  {
    name: "ARG from outside, empty",
    dockerfile: busybox("ARG A=1", "RUN echo x$A > /out"),
    options: { "build-arg:A": "" },
  },
  {
    name: "ARG from outside without an ARG",
    dockerfile: busybox("RUN echo x$A > /out"),
    options: { "build-arg:A": "9" },
  },
  { name: "ARG before FROM", dockerfile: "ARG A=1\nARG T=latest\nFROM $BASE\nARG A\nRUN echo $A > /out\n" },
  {
    name: "ARG before FROM is not seen without ARG",
    dockerfile: "ARG A=1\nFROM $BASE\nRUN echo x$A > /out\nENV B=$A\n",
  },
  {
    name: "ARG before FROM with a default of the stage",
    dockerfile: "ARG A=1\nFROM $BASE\nARG A=2\nRUN echo $A > /out\n",
  },
  {
    name: "ARG before FROM, from outside",
    dockerfile: "ARG A=1\nFROM $BASE\nARG A\nRUN echo $A > /out\n",
    options: { "build-arg:A": "7" },
  },
  {
    name: "ARG is not inherited by COPY --from",
    dockerfile:
      "FROM $BASE AS a\nARG X=1\nRUN echo $X > /f\nFROM $BASE\nCOPY --from=a /f /f\nRUN echo x$X > /out\n",
  },
  {
    name: "ARG is inherited by FROM stage",
    dockerfile: "FROM $BASE AS a\nARG X=1\nENV Y=2\nFROM a\nRUN echo x$X$Y > /out\n",
  },
  {
    name: "platform arguments",
    dockerfile: busybox(
      "ARG TARGETPLATFORM TARGETOS TARGETARCH TARGETVARIANT BUILDPLATFORM BUILDOS BUILDARCH",
      "RUN echo $TARGETPLATFORM $TARGETOS $TARGETARCH $TARGETVARIANT $BUILDPLATFORM $BUILDOS $BUILDARCH > /out",
    ),
  },
  {
    name: "TARGETSTAGE",
    dockerfile: "FROM $BASE AS one\nARG TARGETSTAGE\nRUN echo $TARGETSTAGE > /out\n",
    options: { target: "one" },
  },
  {
    name: "TARGETSTAGE without a name",
    dockerfile: busybox("ARG TARGETSTAGE", "RUN echo $TARGETSTAGE > /out"),
  },
  {
    name: "proxy arguments are not in the image",
    dockerfile: busybox("RUN echo ${HTTP_PROXY:-none} > /dev/null; env | grep -i proxy > /out || true"),
    options: { "build-arg:HTTP_PROXY": "http://127.0.0.1:9", "build-arg:no_proxy": "x" },
  },
  {
    name: "a declared proxy argument",
    dockerfile: busybox("ARG HTTP_PROXY", "RUN echo $HTTP_PROXY > /out"),
    options: { "build-arg:HTTP_PROXY": "http://127.0.0.1:9" },
  },
  env("variables in LABEL", "ENV V=1.2", 'LABEL version=$V "a.b"="c $V" \'d\'=e'),
  env("variables in EXPOSE", "ENV P=80", "EXPOSE $P $P/udp 90-92"),
  env("variables in STOPSIGNAL", "ENV S=SIGINT", "STOPSIGNAL $S"),
  env("no variables in CMD and ENTRYPOINT", "ENV A=1", 'ENTRYPOINT ["x", "$A"]', "CMD echo $A"),
  { name: "variables in COPY", dockerfile: "FROM scratch\nENV S=a D=/d\nCOPY $S ${D}/\n", files: { a: "a" } },
  {
    name: "a source name that begins with a dollar",
    dockerfile: "FROM scratch\nCOPY \\$a /d/\n",
    files: { $a: "a" },
  },
  { name: "another escape character", dockerfile: "# escape=`\nFROM $BASE\nENV A=`$x B=c:\\d `\n  C=3\n" },
  { name: "required and not set", dockerfile: busybox("ENV A=${NOTHING:?is needed}"), fails: true },
  { name: "a modifier that there is not", dockerfile: busybox("ENV A=${PATH!x}"), fails: true },
  { name: "a brace without its end", dockerfile: busybox("ENV A=${PATH"), fails: true },
  { name: "a colon with #", dockerfile: busybox("ENV A=${PATH:#x}"), fails: true },
];
