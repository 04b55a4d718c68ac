import { type Digest, type Platform, sha256 } from "@slipway/oci";
import { expect, test } from "vitest";
import { canonicalOpBytes, createVertex } from "../create-vertex.ts";
import type { CopyAction, ExecOp } from "../op.ts";
import type { Vertex } from "../vertex.ts";
import { encode } from "./encode.ts";

// The digests in this file are BuildKit's own: what its Dockerfile frontend (BuildKit 0.30) made of small files.

const amd64: Platform = { os: "linux", architecture: "amd64" };

const BUSYBOX =
  "docker-image://127.0.0.1:5741/busybox:latest@sha256:0d4a03c542688d7073e51612f63ae87073a2937ab51269cc1bec6466f3d821af";

function busybox(): Vertex {
  return createVertex({
    op: { kind: "source", identifier: BUSYBOX, attrs: {} },
    constraints: { platform: amd64, filter: [] },
  });
}

/** A vertex of which only the digest counts. */
function known(digest: string): Vertex {
  return { ...busybox(), digest: `sha256:${digest}` as Digest };
}

test("an image source has the bytes that the proto spec gives", () => {
  const { op, constraints } = busybox();
  const identifier = Buffer.from(BUSYBOX);
  // The kind of op comes last.
  const expected = Buffer.concat([
    Buffer.from([0x52, 14, 0x0a, 5]),
    Buffer.from("amd64"),
    Buffer.from([0x12, 5]),
    Buffer.from("linux"),
    Buffer.from([0x5a, 0]),
    Buffer.from([0x1a, identifier.length + 2, 0x0a, identifier.length]),
    identifier,
  ]);
  expect(Buffer.from(canonicalOpBytes(op, [], constraints))).toEqual(expected);
});

test("an image source has BuildKit's digest", () => {
  expect(busybox().digest).toBe("sha256:5ed4b93fb899df6e1565f70afa8c3ee99d1b8ee1202670f4c0e17567ec16eb28");
});

test.each([["apk add --no-cache curl", "19dfe51d0fa0e3342f498aaedb6b0412508bcc53a47f4dba892e8ce3f93cb310"]])(
  "RUN %s has BuildKit's digest",
  (line, digest) => {
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
        removeMountStubsRecursive: true,
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
      inputs: [{ vertex: busybox(), index: 0 }],
      constraints: { platform: amd64, filter: [] },
    });
    expect(vertex.digest).toBe(`sha256:${digest}`);
  },
);

test("WORKDIR /app has BuildKit's digest", () => {
  const vertex = createVertex({
    op: {
      kind: "file",
      actions: [
        {
          kind: "mkdir",
          input: -1,
          output: 0,
          path: "/app",
          mode: 0o755,
          makeParents: true,
          timestampNs: -1n,
        },
      ],
    },
  });
  expect(vertex.digest).toBe("sha256:5f4833fdb01140e6ec0fb6267307e1b537a3332d079c071dc1b0006fc7d2de87");
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
      { vertex: known("5f4833fdb01140e6ec0fb6267307e1b537a3332d079c071dc1b0006fc7d2de87"), index: 0 },
      { vertex: known("3316d6d650763b2ba279d8776c0a14ca5b41b8609a6e75fe09258a45664674ca"), index: 0 },
    ],
  });
  expect(vertex.digest).toBe("sha256:a720e1373056b28ee30baa186365731d6ac565fcf0ee15e68af4f59f5ef1d862");
});

test("the closing op has BuildKit's digest", () => {
  const vertex = known("a720e1373056b28ee30baa186365731d6ac565fcf0ee15e68af4f59f5ef1d862");
  const bytes = encode({ result: { vertex, index: 0 }, sources: [], locations: new Map() });
  expect(Buffer.from(bytes).toString("latin1")).toContain(
    "sha256:496e4c0761b6d3c16f42343451c21706a3dbc32dd4cae6ee9a7ae5975fe0db35",
  );
});

test("bytes beyond the golden ones change the digest", () => {
  const { op, constraints } = busybox();
  expect(sha256(canonicalOpBytes(op, [], { ...constraints, filter: ["x"] }))).not.toBe(busybox().digest);
});
