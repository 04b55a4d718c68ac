import { expect, test } from "vitest";
import { lint } from "./lint.ts";

/** What one rule says of a file: `line:column` of each finding. */
function places(rule: string, text: string): string {
  return lint(text, { only: [rule] })
    .map(({ location }) => `${location.line}:${location.column}`)
    .join(" ");
}

const ON = "FROM debian:trixie-slim\n";

test.each<[string, string, string]>([
  [
    "AptGetAssumeYes",
    `${ON}RUN apt-get install -yqq a && apt-get -qq install b && apt-get install --yes c`,
    "",
  ],
  ["AptGetAssumeYes", `${ON}RUN yes | apt-get install a`, ""],
  [
    "AptGetAssumeYes",
    `${ON}RUN echo 'APT::Get::Assume-Yes "true";' > /etc/apt/apt.conf.d/y\nRUN apt-get install a`,
    "",
  ],
  ["AptGetAssumeYes", `${ON}RUN echo "apt-get install a"`, ""],
  ["AptGetAssumeYes", `${ON}RUN <<E\napt-get update\napt-get install a\nE`, "4:1"],
  ["AptGetAssumeYes", `${ON}RUN DEBIAN_FRONTEND=noninteractive apt-get install a`, "2:36"],
  ["AptGetUpdateAlone", `${ON}RUN apt-get update && ./install.sh`, ""],
  ["AptGetUpdateAlone", `${ON}RUN --mount=type=cache,target=/var/lib/apt apt-get update`, ""],
  ["AptGetUpdateAlone", `${ON}RUN set -e; apt-get update`, "2:13"],
  ["PackageCacheLeft", `${ON}RUN apt-get update && apt-get install -y a && rm -rf /var/lib/apt/lists/*`, ""],
  [
    "PackageCacheLeft",
    "FROM debian:12 AS build\nRUN apt-get update\nFROM debian:12\nCOPY --from=build /a /a",
    "",
  ],
  ["PackageCacheLeft", "FROM debian:12 AS base\nRUN apt-get update\nFROM base\nRUN make", "2:5"],
  ["PackageCacheLeft", "FROM alpine:3\nRUN apk add --no-cache a && apk add b", ""],
  ["PackageCacheLeft", "FROM alpine:3\nRUN apk add --update a", "2:5"],
  ["PackageCacheLeft", "FROM fedora:42\nRUN dnf install -y a && dnf clean all", ""],
  ["UnpinnedBaseImage", "FROM scratch AS a\nFROM a\nCOPY --from=a x /\nCOPY --from=0 x /", ""],
  ["UnpinnedBaseImage", "ARG B=debian\nFROM $B\nCOPY --from=busybox:latest a /", "2:6 3:13"],
  ["UnpinnedBaseImage", `FROM debian@sha256:${"0".repeat(64)}`, ""],
  ["UnpinnedBaseImage", "ARG V\nFROM debian:$V\nFROM $OTHER", ""],
  [
    "TokenInBuildFile",
    `${ON}ENV K=AKIAIOSFODNN7EXAMPLE U=https://$USER:$PASS@host/ V=https://host:80/a@b`,
    "",
  ],
  [
    "TokenInBuildFile",
    `${ON}RUN npm config set x npm_${"a1".repeat(18)} && git clone https://u:p4ssw0rd@h.test/`,
    "2:22 2:76",
  ],
  ["TokenInBuildFile", `${ON}COPY <<E /key\n-----BEGIN RSA PRIVATE KEY-----\nE`, "3:1"],
  [
    "AddWhereCopyDoes",
    `${ON}ADD a.tar.gz b.tgz /\nADD https://h/x /\nADD --unpack=true a /\nADD $F /\nADD * /`,
    "",
  ],
  ["AddWhereCopyDoes", `${ON}ADD git@github.com:a/b.git /x\nADD a.txt *.conf /`, "3:1"],
  ["CopyBeforeInstall", `${ON}COPY . .\nRUN npm install -g yarn\nRUN npm install express\nRUN make`, ""],
  [
    "CopyBeforeInstall",
    `${ON}COPY requirements.txt .\nRUN pip install -r requirements.txt\nCOPY . .\nRUN pip install -r dev.txt`,
    "",
  ],
  [
    "CopyBeforeInstall",
    `${ON}COPY ./ /app\nRUN cd /app && pip install --no-cache-dir -r requirements.txt`,
    "2:1",
  ],
  ["CopyBeforeInstall", "FROM a:1 AS b\nFROM b\nCOPY --from=b . .\nRUN go mod download", ""],
  ["CdInRun", `${ON}RUN cd /a && make\nRUN cd /b && make\nWORKDIR /c\nRUN cd /a && make`, ""],
  ["CdInRun", `${ON}RUN cd /a && make\nRUN cd /a && make install`, "3:5"],
  ["SudoInRun", `${ON}RUN apt-get install -y sudo && echo sudo`, ""],
  ["SudoInRun", `${ON}RUN make && sudo -E make install`, "2:13"],
  ["PipeToShell", `${ON}RUN set -o pipefail; curl x | bash\nRUN curl x | tar xz\nRUN cat x | sh`, ""],
  ["PipeToShell", `${ON}RUN wget -qO- x | bash -s -- -y`, "2:5"],
  ["RootUser", `${ON}USER root\nUSER app`, ""],
  ["RootUser", "FROM a:1 AS b\nUSER app\nFROM b\nRUN make", ""],
  ["RootUser", `${ON}USER app\nUSER 0:0`, "3:6"],
  ["RelativeCopyDestination", "FROM scratch\nCOPY a .", ""],
  ["RelativeCopyDestination", "FROM a:1 AS b\nWORKDIR /w\nFROM b\nCOPY a .", ""],
  ["RelativeCopyDestination", `${ON}ENV D=/d\nCOPY a $D/\nCOPY a $E/\nCOPY a .`, "5:8"],
  ["DuplicateKey", `${ON}ENV A=1\nENV A=2\nLABEL a=1 b=2`, ""],
  ["InvalidEnvName", `${ON}ENV a.b=1 _C9=2\nARG 1x`, "2:5 3:5"],
  ["UnusedStage", "FROM a:1\nFROM b:1\nCOPY --from=0 a /\nFROM c:1\nRUN --mount=from=1,target=/x a", ""],
  ["UnusedArg", "ARG A\nARG B=$A\nFROM x:$B\nARG C\nRUN make\nARG TARGETARCH HTTP_PROXY", ""],
  ["UnusedArg", "FROM x:1 AS y\nARG C\nFROM y\nRUN make", ""],
  ["UnusedArg", `${ON}RUN make\nARG LATE\nARG A=1 B=$A\nLABEL b=$B`, "3:5"],
  ["PreferNpmCi", `${ON}COPY package.json ./\nRUN npm install`, ""],
  [
    "PreferNpmCi",
    `${ON}COPY package*.json ./\nRUN npm install -g npm && npm install express && npm i --omit=dev`,
    "3:50",
  ],
  ["HeredocWithoutErrexit", `${ON}RUN <<E\nmake && make install\nE`, ""],
  [
    "HeredocWithoutErrexit",
    `${ON}RUN <<E\n#!/bin/sh -eu\na\nb\nE\nRUN bash -e <<E\na\nb\nE\nRUN <<E\nset -euo pipefail\na\nb\nE`,
    "",
  ],
  ["HeredocWithoutErrexit", `${ON}SHELL ["/bin/bash", "-e", "-c"]\nRUN <<E\na\nb\nE`, ""],
  ["HeredocWithoutErrexit", `${ON}RUN <<E\nexport A=1\necho hi\ncat >/x <<F\na\nb\nF\nE`, ""],
  ["HeredocWithoutErrexit", `${ON}RUN bash <<E\na; b\nE`, "3:1"],
  ["ArgOutOfScope", "ARG V=1\nFROM a:$V\nRUN V=2; echo $V '$V' \\$V", ""],
  ["ArgOutOfScope", "ARG V=1\nFROM a:$V AS b\nARG V\nFROM b\nRUN echo $V ${VV}", ""],
  ["ArgOutOfScope", "ARG V=1\nFROM a:$V\nRUN echo ${V}-$V", "3:10"],
  ["UnknownCheckRule", "# check=skip=all;experimental=all\nFROM a:1\n# check=skip=CdInRun\nRUN a", ""],
  ["UnknownCheckRule", "# check=skip=CdInRun, SudoInRun\nFROM a:1\n# check=skip=Nope\nRUN a", "1:22 3:14"],
])("%s: %j is found at %j", (rule, text, expected) => {
  expect(places(rule, text)).toBe(expected);
});
