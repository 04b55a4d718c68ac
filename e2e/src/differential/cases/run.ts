import { file, type DifferentialCase } from "../differential-case.ts";

const busybox = (...lines: string[]): string => `FROM $BASE\n${lines.join("\n")}\n`;
const run = (name: string, ...lines: string[]): DifferentialCase => ({ name, dockerfile: busybox(...lines) });

/** RUN: what it sees and what it leaves. */
export const RUN_CASES: readonly DifferentialCase[] = [
  run("shell form", "RUN echo a b > /out"),
  run("exec form", 'RUN ["/bin/sh", "-c", "echo a > /out"]'),
  run("JSON with single quotes is a command line", "RUN ['echo', 'a'] || echo no > /out"),
  run("over lines", "RUN echo a > /a && \\", "    echo b > /b"),
  run("over lines with comments between", "RUN echo a > /a && \\", "# a comment", "", "    echo b > /b"),
  run("SHELL", 'SHELL ["/bin/sh", "-uc"]', "RUN echo $0 > /out"),
  run("removal of a file", "RUN echo > /x", "RUN rm /x"),
  run(
    "removal of a folder, and a new one",
    "RUN mkdir /d && echo > /d/x",
    "RUN rm -r /d && mkdir /d && echo > /d/y",
  ),
  run("a file in place of a folder", "RUN mkdir /d && echo > /d/x", "RUN rm -r /d && echo > /d"),
  run("a change of mode alone", "RUN echo x > /x", "RUN chmod 600 /x"),
  run("a change of owner alone", "RUN echo x > /x", "RUN chown 5:6 /x"),
  run("hard links", "RUN echo x > /a && ln /a /b"),
  {
    ...run("a hard link to a file of a layer below", "RUN echo x > /a", "RUN ln /a /b"),
    differs: "the layer of Slipway holds both names, so that they stay one file",
  },
  run("symbolic links", "RUN ln -s /etc/passwd /l && ln -s nothing /m"),
  run("a fifo", "RUN mkfifo /f"),
  run("setuid and sticky bits", "RUN echo x > /s && chmod 4755 /s && mkdir -m 1777 /t"),
  run("nothing changed", "RUN true"),
  run("files in /tmp", "RUN echo x > /tmp/x"),
  run(
    "its environment",
    "ENV A=1",
    "RUN env | grep -v -e ^PWD -e ^SHLVL -e ^HOSTNAME -e ^OTEL_ -e ^TRACEPARENT | sort > /out",
  ),
  run(
    "its environment as a user",
    "USER daemon",
    "RUN env | grep -v -e ^PWD -e ^SHLVL -e ^HOSTNAME -e ^OTEL_ -e ^TRACEPARENT | sort > /tmp/out",
  ),
  run("its limits", "RUN ulimit -c > /out"),
  run("umask", "RUN umask > /out && mkdir /d && echo > /f"),
  run("no terminal and no input", "RUN (test -t 0 && echo tty || echo none) > /out; cat >> /out"),
  run("no names of hosts stay", "RUN cat /etc/hosts > /dev/null; cat /etc/resolv.conf > /dev/null"),
  run("a name of its own for what is mounted", "RUN --mount=type=tmpfs,target=/new/place true"),
  run("a cache mount leaves nothing", "RUN --mount=type=cache,target=/cache/x echo y > /cache/x/y"),
  run(
    "a cache mount that is shared by steps",
    "RUN --mount=type=cache,target=/c,id=diff-steps echo y > /c/y",
    "RUN --mount=type=cache,target=/c,id=diff-steps cp /c/y /out",
  ),
  run(
    "a cache mount with owner and mode",
    "RUN --mount=type=cache,target=/c,id=diff-owned,uid=5,gid=6,mode=0710 stat -c '%u %g %a' /c > /out",
  ),
  run(
    "a tmpfs with a size",
    "RUN --mount=type=tmpfs,target=/t,size=1m df -k /t | tail -n 1 | awk '{print $2}' > /out",
  ),
  {
    name: "a bind mount of the context",
    dockerfile: busybox("RUN --mount=target=/ctx cat /ctx/a > /out"),
    files: { a: "a" },
  },
  {
    name: "a bind mount is read-only",
    dockerfile: busybox("RUN --mount=target=/ctx (echo > /ctx/x) 2> /dev/null || echo no > /out"),
    files: { a: "a" },
  },
  {
    name: "a bind mount that is written to is thrown away",
    dockerfile: busybox(
      "RUN --mount=target=/ctx,rw echo x > /ctx/x && cat /ctx/x > /out",
      "RUN --mount=target=/ctx ls /ctx >> /out",
    ),
    files: { a: "a" },
  },
  {
    name: "a bind mount of a file",
    dockerfile: busybox("RUN --mount=source=a,target=/f/a cat /f/a > /out"),
    files: { a: "a" },
  },
  {
    name: "a bind mount of a folder's part",
    dockerfile: busybox("RUN --mount=source=d/e,target=/f ls /f > /out"),
    files: { "d/e/x": "x", "d/y": "y" },
  },
  {
    name: "a bind mount of another stage",
    dockerfile:
      "FROM $BASE AS s\nRUN mkdir /o && echo x > /o/f\nFROM $BASE\nRUN --mount=from=s,source=/o,target=/m cp /m/f /out\n",
  },
  {
    name: "a bind mount of what is missing",
    dockerfile: busybox("RUN --mount=source=nothing,target=/f true"),
    files: { a: "a" },
    fails: true,
  },
  {
    name: "a bind mount below the working folder",
    dockerfile: busybox("WORKDIR /w", "RUN --mount=source=a,target=x/a cat x/a > out"),
    files: { a: "a" },
  },
  run(
    "a secret that nobody lent",
    "RUN --mount=type=secret,id=diff ls /run/secrets 2> /dev/null | wc -l > /out",
  ),
  {
    name: "a secret that is required",
    dockerfile: busybox("RUN --mount=type=secret,id=diff,required true"),
    fails: true,
  },
  { name: "a mount without a target", dockerfile: busybox("RUN --mount=type=tmpfs true"), fails: true },
  {
    name: "a wrong mount in a stage that nothing needs",
    dockerfile: "FROM $BASE AS a\nRUN --mount=type=disk,target=/x true\nFROM $BASE\nRUN true\n",
  },
  {
    name: "a mount of an unknown type",
    dockerfile: busybox("RUN --mount=type=disk,target=/x true"),
    fails: true,
  },
  run("no network", "RUN --network=none ls /sys/class/net > /out"),
  { name: "a command that fails", dockerfile: busybox("RUN exit 3"), fails: true },
  { name: "a command that there is not", dockerfile: busybox('RUN ["/nothing"]'), fails: true },
  {
    name: "a script of the context",
    dockerfile: busybox("COPY s.sh /s.sh", 'RUN ["/s.sh"]'),
    files: { "s.sh": file("#!/bin/sh\necho ran > /out\n", 0o755) },
  },
  { name: "a device that is made", dockerfile: busybox("RUN mknod /n c 1 3") },
  {
    name: "an extended attribute of a file that moves on",
    dockerfile: busybox("COPY x /x", "RUN chmod 755 /x"),
    files: { x: "x" },
    prepare: "setfattr -n user.a -v b x",
  },
  run(
    "the groups of users",
    "RUN echo 'u:x:1001:1001::/:/bin/sh' >> /etc/passwd; printf 'u:x:1001:\\ng:x:1002:u\\n' >> /etc/group",
    ...["root", "daemon", "5:7", "u", "u:g", "1001"].flatMap((user) => [
      `USER ${user}`,
      `RUN grep -e Uid -e Gid -e Groups /proc/self/status > /tmp/${user}`,
    ]),
  ),
  run("names that mean deletions in layers", "RUN mkdir /d && echo > /d/.wh.x && mkdir /.wh..wh.y"),
  run(
    "a size of a tmpfs in a form of its own",
    "RUN --mount=type=tmpfs,target=/t,size=.5e4kib df -k /t | tail -n 1 | awk '{print $2}' > /out",
  ),
  run(
    "a secret that is not there, in a variable with an equals sign",
    "RUN --mount=type=secret,id=a,env=A=B true",
  ),
];
