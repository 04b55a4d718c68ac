import type { DifferentialCase } from "../differential-case.ts";

const scratch = (...lines: string[]): string => `FROM scratch\n${lines.join("\n")}\n`;
const busybox = (...lines: string[]): string => `FROM $BASE\n${lines.join("\n")}\n`;

/** WORKDIR, USER and VOLUME. */
export const WORKDIR_CASES: readonly DifferentialCase[] = [
  { name: "WORKDIR makes its folders", dockerfile: scratch("WORKDIR /a/b/c") },
  { name: "a relative WORKDIR", dockerfile: scratch("WORKDIR /a", "WORKDIR b", "WORKDIR ../c") },
  { name: "a relative WORKDIR first", dockerfile: scratch("WORKDIR a/b") },
  { name: "WORKDIR with a slash at its end", dockerfile: scratch("WORKDIR /a/b/") },
  { name: "WORKDIR with dots", dockerfile: scratch("WORKDIR /a/./b/../c") },
  { name: "WORKDIR of the root", dockerfile: busybox("WORKDIR /") },
  { name: "WORKDIR with a variable", dockerfile: scratch("ENV D=/x/y", "WORKDIR $D/z") },
  {
    name: "WORKDIR with a variable that is not set",
    dockerfile: busybox("WORKDIR /w", "WORKDIR $NOTHING", "RUN pwd > /out"),
  },
  { name: "WORKDIR with spaces", dockerfile: scratch("WORKDIR /a b/c") },
  { name: "WORKDIR in quotes", dockerfile: scratch('WORKDIR "/a b"') },
  {
    name: "WORKDIR that is there keeps its mode",
    dockerfile: busybox("RUN mkdir -m 700 /d && chown 3:4 /d", "WORKDIR /d"),
  },
  {
    name: "WORKDIR after USER belongs to the user",
    dockerfile: busybox("USER daemon", "WORKDIR /home/d/e", "RUN stat -c '%u %g %a' . > /tmp/out"),
  },
  { name: "WORKDIR after a USER by numbers", dockerfile: busybox("USER 12:34", "WORKDIR /n/m") },
  {
    name: "WORKDIR through a link",
    dockerfile: busybox("RUN mkdir /real && ln -s /real /l", "WORKDIR /l/sub", "RUN echo > x"),
  },
  { name: "WORKDIR onto a file", dockerfile: busybox("RUN echo > /f", "WORKDIR /f"), fails: true },
  {
    name: "WORKDIR is inherited by a stage",
    dockerfile: "FROM $BASE AS a\nWORKDIR /w\nFROM a\nWORKDIR v\nRUN pwd > /out\n",
  },
  { name: "WORKDIR twice the same", dockerfile: scratch("WORKDIR /a", "WORKDIR /a") },
  { name: "USER by name", dockerfile: busybox("USER daemon", "RUN id -u > /tmp/out; id -g >> /tmp/out") },
  { name: "USER by number", dockerfile: busybox("USER 99", "RUN id -u > /tmp/out; id -g >> /tmp/out") },
  {
    name: "USER with a group",
    dockerfile: busybox("USER daemon:root", "RUN id -u > /tmp/out; id -g >> /tmp/out"),
  },
  {
    name: "USER by numbers with a group",
    dockerfile: busybox("USER 77:88", "RUN id -u > /tmp/out; id -g >> /tmp/out"),
  },
  { name: "USER with a variable", dockerfile: busybox("ARG U=daemon", "USER ${U}", "RUN id -u > /tmp/out") },
  {
    name: "USER with a variable that is not set",
    dockerfile: busybox("USER $NOTHING", "RUN id -u > /tmp/out"),
  },
  { name: "USER that nobody knows, and RUN", dockerfile: busybox("USER nobodyknows", "RUN id"), fails: true },
  { name: "USER that nobody knows, without RUN", dockerfile: busybox("USER nobodyknows") },
  {
    name: "USER does not own what COPY brings",
    dockerfile: busybox("USER daemon", "COPY a /d/"),
    files: { a: "a" },
  },
  { name: "USER and back", dockerfile: busybox("USER daemon", "USER root", "RUN id -u > /tmp/out") },
  { name: "VOLUME", dockerfile: scratch("VOLUME /data") },
  { name: "VOLUME of several", dockerfile: scratch("VOLUME /a /b", "VOLUME /c") },
  { name: "VOLUME in JSON form", dockerfile: scratch('VOLUME ["/a", "/b c"]') },
  { name: "VOLUME with a variable", dockerfile: scratch("ENV D=/x", "VOLUME $D/y") },
  { name: "VOLUME that is relative", dockerfile: scratch("WORKDIR /w", "VOLUME data") },
  { name: "VOLUME twice the same", dockerfile: scratch("VOLUME /a", "VOLUME /a") },
  {
    name: "what is written into a VOLUME afterwards stays",
    dockerfile: busybox("VOLUME /data", "RUN mkdir -p /data && echo x > /data/x"),
  },
  { name: "VOLUME of nothing", dockerfile: scratch("VOLUME []"), fails: true },
  { name: "VOLUME of an empty name", dockerfile: scratch('VOLUME [""]'), fails: true },
];
