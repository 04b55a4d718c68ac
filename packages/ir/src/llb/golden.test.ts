import { type Digest, type Platform, sha256 } from "@slipway/oci";
import { expect, test } from "vitest";
import { canonicalOpBytes, createVertex } from "../create-vertex.ts";
import type { CopyAction, ExecOp } from "../op.ts";
import type { Vertex } from "../vertex.ts";
import { encode } from "./encode.ts";

// The digests in this file are BuildKit's own, from published dumps of LLB that its Dockerfile frontend made.

const amd64: Platform = { os: "linux", architecture: "amd64" };

function alpine(): Vertex {
  return createVertex({
    op: { kind: "source", identifier: "docker-image://docker.io/library/alpine:latest", attrs: {} },
    constraints: { platform: amd64, filter: [] },
  });
}

/** A vertex of which only the digest counts. */
function known(digest: string): Vertex {
  return { ...alpine(), digest: `sha256:${digest}` as Digest };
}

test("an image source has the bytes that the proto spec gives", () => {
  const { op, constraints } = alpine();
  const identifier = Buffer.from("docker-image://docker.io/library/alpine:latest");
  const expected = Buffer.concat([
    Buffer.from([0x1a, identifier.length + 2, 0x0a, identifier.length]),
    identifier,
    Buffer.from([0x52, 14, 0x0a, 5]),
    Buffer.from("amd64"),
    Buffer.from([0x12, 5]),
    Buffer.from("linux"),
    Buffer.from([0x5a, 0]),
  ]);
  expect(Buffer.from(canonicalOpBytes(op, [], constraints))).toEqual(expected);
});

test("an image source has BuildKit's digest", () => {
  expect(alpine().digest).toBe("sha256:665ba8b2cdc0cb0200e2a42a6b3c0f8f684089f4cd1b81494fbb9805879120f7");
});

test.each([
  ["apk add --no-cache curl", "5cde813bada7571732dd9d62c99512058f53ef0b1d644989a7fb80224cd06132"],
  ["apk add --no-cache ca-certificates", "7156115684219992d715d910caa1a89fea8becfe16e4ad29bad6cb66a15151fa"],
])("RUN %s has BuildKit's digest", (line, digest) => {
  const op: ExecOp = {
    kind: "exec",
    meta: {
      args: ["/bin/sh", "-c", line],
      env: ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"],
      cwd: "/",
      user: "",
      extraHosts: [],
      hostname: "",
      ulimit: [],
      cgroupParent: "",
      removeMountStubsRecursive: false,
      validExitCodes: [],
    },
    mounts: [
      {
        kind: "bind",
        dest: "/",
        input: 0,
        selector: "",
        output: 0,
        readonly: false,
        contentCache: "default",
      },
    ],
    network: "unset",
    security: "sandbox",
    secretEnv: [],
    cdiDevices: [],
  };
  const vertex = createVertex({
    op,
    inputs: [{ vertex: alpine(), index: 0 }],
    constraints: { platform: amd64, filter: [] },
  });
  expect(vertex.digest).toBe(`sha256:${digest}`);
});

test("WORKDIR /app has BuildKit's digest", () => {
  const vertex = createVertex({
    op: {
      kind: "file",
      actions: [
        {
          kind: "mkdir",
          input: 0,
          output: 0,
          path: "/app",
          mode: 0o755,
          makeParents: true,
          timestampNs: -1n,
        },
      ],
    },
    inputs: [{ vertex: alpine(), index: 0 }],
    constraints: { platform: amd64, filter: [] },
  });
  expect(vertex.digest).toBe("sha256:8b5944087bea72c9a7cf80d56804b24e810a3acc9cdddb7155e1e83a7a0d11d0");
});

test("COPY --from has BuildKit's digest", () => {
  const action: CopyAction = {
    kind: "copy",
    input: 0,
    secondaryInput: 1,
    output: 0,
    src: "/go/bin/bebop",
    dest: "/app/bebop",
    mode: -1,
    modeStr: "",
    followSymlink: true,
    dirCopyContents: true,
    attemptUnpack: false,
    createDestPath: true,
    allowWildcard: true,
    allowEmptyWildcard: true,
    timestampNs: -1n,
    includePatterns: [],
    excludePatterns: [],
    alwaysReplaceExistingDestPaths: false,
    requiredPaths: [],
  };
  const vertex = createVertex({
    op: { kind: "file", actions: [action] },
    inputs: [
      { vertex: known("8b5944087bea72c9a7cf80d56804b24e810a3acc9cdddb7155e1e83a7a0d11d0"), index: 0 },
      { vertex: known("cbc932a4fc5808fe564acb15c24348ef6800a3ff98b1bd3ba301197ca77f805b"), index: 0 },
    ],
    constraints: { platform: amd64, filter: [] },
  });
  expect(vertex.digest).toBe("sha256:cc0f8c1a102ef16f4c5a4c763ff2221e6cbf28bc80f068dcd49536d1868e8487");
});

test("the closing op has BuildKit's digest", () => {
  const vertex = known("578758c5d3dd9d306f95e201923c8ea1ed1a9e79fdf8add581aec63fc5b0081f");
  const bytes = encode({ result: { vertex, index: 0 }, sources: [], locations: new Map() });
  expect(Buffer.from(bytes).toString("latin1")).toContain(
    "sha256:cabed450507231d0164d0cd11ab4dba52618fdff17d1e689edb886293704f82f",
  );
});

test("bytes beyond the golden ones change the digest", () => {
  const { op, constraints } = alpine();
  expect(sha256(canonicalOpBytes(op, [], { ...constraints, filter: ["x"] }))).not.toBe(alpine().digest);
});
