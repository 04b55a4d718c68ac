import { CUSTOM_NAME, type ExecOp, type Mount, type Vertex, walkVertices } from "@slipway/ir";
import { describe, expect, test } from "vitest";
import { compileText, failureOf, imageConfig, type CompileInput } from "../fake-bridge.test.support.ts";

const S = "FROM scratch\n";

async function lastExec(text: string, input?: CompileInput): Promise<Vertex & { readonly op: ExecOp }> {
  const { definition } = await compileText(text, input);
  const found = walkVertices(definition.result).findLast(({ op }) => op.kind === "exec");
  return found as Vertex & { readonly op: ExecOp };
}

async function execOf(text: string, input?: CompileInput): Promise<ExecOp> {
  return (await lastExec(text, input)).op;
}

/** A mount without what mounts of its type always have. */
function short(mount: Mount): string {
  const { kind, dest } = mount;
  const owner = (of: { uid: number; gid: number; mode: number; optional: boolean }): string =>
    `${of.uid}:${of.gid} 0${of.mode.toString(8)} ${of.optional ? "optional" : "required"}`;
  const rest =
    kind === "secret"
      ? `${mount.secretId} ${owner(mount)}`
      : kind === "ssh"
        ? `"${mount.sshId}" ${owner(mount)}`
        : kind === "cache"
          ? `${mount.cacheId} ${mount.sharing} "${mount.selector}" ${mount.readonly ? "ro" : "rw"}`
          : kind === "tmpfs"
            ? `${mount.sizeBytes}`
            : `"${mount.selector}" ${mount.readonly ? "ro" : "rw"}`;
  return `${kind} ${dest} ${rest}`;
}

async function mountsOf(text: string): Promise<readonly string[]> {
  return (await execOf(text)).mounts.slice(1).map(short);
}

describe("--mount", () => {
  test.each([
    ["target=/m", 'bind /m "" ro'],
    ["target=/m,rw", 'bind /m "" rw'],
    ["target=/m,ro=false", 'bind /m "" rw'],
    ["target=/m,rw=false", 'bind /m "" ro'],
    ["TYPE=BIND,dst=/m,src=../a/", 'bind /m "/a" ro'],
    ["destination=m,source=/a,from=", 'bind /w/m "/a" ro'],
    ['"target=/m",source=a', 'bind /m "/a" ro'],
    ["target=/x,target=/m", 'bind /m "" ro'],
    ["target=/m,id=ignored,env=ignored", 'bind /m "" ro'],
    ["type=cache,target=/c", 'cache /c //c shared "" rw'],
    ["type=cache,target=c,id=i,sharing=locked,ro", 'cache /w/c /i locked "" ro'],
    ["type=cache,target=/c,id=/a/../b", 'cache /c //a/../b shared "" rw'],
    ["type=cache,target=/c,source=s,uid=1", 'cache /c //c shared "/s" rw'],
    ["type=cache,target=/c,uid=1", 'cache /c //c shared "/cache" rw'],
    ["type=tmpfs,target=/t", "tmpfs /t 0"],
    ["type=tmpfs,target=/t,size=10", "tmpfs /t 10"],
    ["type=tmpfs,target=/t,size=1.5m", "tmpfs /t 1572864"],
    ["type=tmpfs,target=/t,size=10MiB", "tmpfs /t 10485760"],
    ["type=secret,id=a", "secret /run/secrets/a a 0:0 0400 optional"],
    ["type=secret,id=a/b", "secret /run/secrets/b a/b 0:0 0400 optional"],
    ["type=secret,source=a/b", "secret /run/secrets/b a/b 0:0 0400 optional"],
    ["type=secret,target=/x/y", "secret /x/y y 0:0 0400 optional"],
    ["type=secret,id=a,target=y,ro", "secret /w/y a 0:0 0400 optional"],
    ["type=secret,id=a,dst=/y,mode=0444,uid=5,gid=6,required", "secret /y a 5:6 0444 required"],
    ["type=secret,id=a,required=false", "secret /run/secrets/a a 0:0 0400 optional"],
    ["type=ssh", 'ssh /run/buildkit/ssh_agent.0 "" 0:0 0600 optional'],
    ["type=ssh,id=x,target=/s,mode=0666,uid=1,gid=2,required=1", 'ssh /s "x" 1:2 0666 required'],
  ])("%s", async (mount, expected) => {
    expect(await mountsOf(`${S}WORKDIR /w\nRUN --mount=${mount} x`)).toEqual([expected]);
  });

  test("a cache begins with a folder of the wanted owner and mode", async () => {
    const { inputs } = await lastExec(`${S}RUN --mount=type=cache,target=/c,mode=01775,gid=3 x`);
    const { op } = inputs[0]!.vertex;
    expect(op.kind === "file" && op.actions).toMatchObject([
      { kind: "mkdir", path: "/cache", mode: 0o775, owner: { user: { id: 0 }, group: { id: 3 } } },
    ]);
  });

  test("a secret becomes a variable, a file only with a target", async () => {
    const text = `${S}RUN --mount=type=secret,id=a,env=A --mount=type=secret,target=/z,env=Z,required x`;
    const { secretEnv, mounts } = await execOf(text);
    expect(secretEnv).toEqual([
      { id: "a", name: "A", optional: true },
      { id: "z", name: "Z", optional: false },
    ]);
    expect(mounts.slice(1).map(short)).toEqual(["secret /z z 0:0 0400 required"]);
  });

  test("file systems stand by their place, then secrets, then agents", async () => {
    const flags =
      "type=tmpfs,target=/a type=ssh type=secret,id=b type=secret,id=a type=ssh,id=2 type=cache,target=/B";
    const mounts = flags.split(" ").map((flag) => `--mount=${flag}`);
    expect(
      (await mountsOf(`${S}RUN ${mounts.join(" ")} x`)).map((mount) => mount.split(" ", 2).join(" ")),
    ).toEqual([
      "cache /B",
      "tmpfs /a",
      "secret /run/secrets/b",
      "secret /run/secrets/a",
      "ssh /run/buildkit/ssh_agent.0",
      "ssh /run/buildkit/ssh_agent.1",
    ]);
  });

  test("SSH_AUTH_SOCK is the first agent's socket, unless the file sets it", async () => {
    const { meta } = await execOf(`${S}RUN --mount=type=ssh,target=/s --mount=type=ssh x`);
    expect(meta.env.at(-1)).toBe("SSH_AUTH_SOCK=/s");
    const own = await execOf(`${S}ENV SSH_AUTH_SOCK=/own\nRUN --mount=type=ssh x`);
    expect(own.meta.env.filter((entry) => entry.startsWith("SSH"))).toEqual(["SSH_AUTH_SOCK=/own"]);
  });

  test("variables are expanded in every key but from", async () => {
    const text = `${S}ARG T=tmpfs\nENV P=/p R=true\nRUN --mount=type=$T,target=$P --mount=type=secret,id=$T,target=$P,required=$R,env=V$T x`;
    expect(await mountsOf(text)).toEqual(["tmpfs /p 0", "secret /p tmpfs 0:0 0400 required"]);
    expect((await execOf(text)).secretEnv).toEqual([{ id: "tmpfs", name: "Vtmpfs", optional: false }]);
  });

  const KEYS =
    "The keys are type, from, source, target, readonly, readwrite, id, sharing, required, size, mode, uid, gid, env.";
  test.each([
    ["type=bind", "2:13-21", "--mount has no target", "Add target=/path, the place in the file system of the step."],
    ["type=cache,target=", "2:13-30", "--mount has no target", "Add target=/path, the place in the file system of the step."],
    ["target=/", "2:20", "a mount cannot hide the root", "Give it a folder of its own as target."],
    ["type=nope,target=/m", "2:18-21", 'there is no mount type "nope"', "The types are bind, cache, tmpfs, secret, ssh."],
    ["type=secrets,id=m", "2:18-24", 'there is no mount type "secrets"', "Did you mean secret?"],
    ["foo=bar", "2:13-19", '--mount has no key "foo"', KEYS],
    ["target", "2:13-18", '"target" of --mount needs a value', "Write target=value."],
    ["tarhet=/m", "2:13-21", '--mount has no key "tarhet"', "Did you mean target?"],
    ["target=/m,ro=x", "2:23-26", 'ro is true or false, not "x"', "Write ro alone to turn it on."],
    ["type=bind,target=/m,size=1", "2:38", "a mount of type bind has no size", "size is for mounts of type tmpfs."],
    ["type=bind,target=/m,sharing=shared", "2:41-46", "a mount of type bind has no sharing", "sharing is for mounts of type cache."],
    ["type=bind,target=/m,required", "2:33-40", "a mount of type bind has no required", "required is for mounts of type secret, ssh."],
    ["type=tmpfs,target=/m,mode=1", "2:39", "a mount of type tmpfs has no mode", "mode is for mounts of type secret, ssh, cache."],
    ["type=cache,target=/m,uid=-1", "2:38-39", '"-1" is not a uid', "Write the uid as a number."],
    ["type=cache,target=/m,gid=4294967296", "2:38-47", '"4294967296" is not a gid', "Write the gid as a number."],
    ["type=cache,target=/m,mode=9", "2:39", '"9" is not a mode', "Write the mode in octal, for example 0755."],
    ["type=cache,target=/m,sharing=lock", "2:42-45", 'there is no sharing mode "lock"', "Did you mean locked?"],
    ["type=tmpfs,target=/m,size=x", "2:39", '"x" is not a size', "Write for example size=64m or size=1g."],
    ["type=secret", "2:13-23", "the secret has no name", "Add id=name, the name that --secret gives it."],
    ["type=secret,env=A", "2:13-29", "the secret has no name", "Add id=name, the name that --secret gives it."],
    ["type=secret,id=a,source=b", "2:37", "a secret is named by id or by source, not by both", "Keep id=."],
    ["type=secret,id=a,env=", "2:34", '"" cannot be the name of a variable', "Write env=NAME, for example env=API_TOKEN."],
    ["type=secret,id=a,required=x", "2:30-39", 'required is true or false, not "x"', "Write required alone to turn it on."],
    ["type=secret,id=a,size=1", "2:35", "a mount of type secret has no size", "size is for mounts of type tmpfs."],
    ["type=ssh,source=/x", "2:29-30", "a mount of type ssh has no source", "Name the agent with id=, as in --mount=type=ssh,id=default."],
    ["target=/m,from=$X", "2:23-29", "from= of --mount takes no variables", "Give the image a stage of its own, FROM ${NAME} AS name, and mount from=name."],
  ])("%s is refused with its place and what to do", async (mount, place, message, hint) => {
    expect(await failureOf(`${S}RUN --mount=${mount} x`)).toBe(`${place} MOUNT_INVALID ${message} | ${hint}`);
  }); // prettier-ignore
});

describe("--network, --security and --device", () => {
  test("are in the op", async () => {
    const text = `${S}ARG C=x.com\nRUN --network=none --security=insecure --device=$C/gpu=all --device=name=b,required x`;
    expect(await execOf(text)).toMatchObject({
      network: "none",
      security: "insecure",
      cdiDevices: [
        { name: "x.com/gpu=all", optional: true },
        { name: "b", optional: false },
      ],
    });
  });

  test("the command line's network is what steps have that name none", async () => {
    const options = { "force-network-mode": "host" };
    expect((await execOf(`${S}RUN x`, { options })).network).toBe("host");
    expect((await execOf(`${S}RUN --network=none x`, { options })).network).toBe("none");
  });

  test.each([
    ["--network=foo", '2:15-17 FLAG_VALUE there is no network "foo" | It is default, none or host.'],
    ["--network=$T", '2:15-16 FLAG_VALUE there is no network "$T" | It takes no variables: it is default, none or host.'],
    ["--network", "2:5-13 FLAG_VALUE --network needs a value | Write --network=value, without a space."],
    ["--security=", '2:16 FLAG_VALUE there is no security mode "" | It is sandbox or insecure.'],
    ["--security=unsecure", '2:16-23 FLAG_VALUE there is no security mode "unsecure" | Did you mean insecure?'],
    ["--device=", "2:14 FLAG_VALUE --device names no device | Write --device=vendor.com/class=name or --device=name,required."],
    ["--device=a,b", '2:16 FLAG_VALUE --device has no key "b" | Write --device=vendor.com/class=name or --device=name,required.'],
    ["--device=a,requird", '2:16-22 FLAG_VALUE --device has no key "requird" | Did you mean required?'],
    ["--device=x,required=no", '2:16-26 FLAG_VALUE required is true or false, not "no" | Write --device=vendor.com/class=name or --device=name,required.'],
  ])("%s is refused", async (flag, expected) => {
    expect(await failureOf(`${S}RUN ${flag} x`)).toBe(expected);
  }); // prettier-ignore
});

describe("here-documents", () => {
  /** The shell's text and what progress shows. */
  async function shell(text: string): Promise<readonly [string, string]> {
    const { op, metadata } = await lastExec(S + text);
    return [op.meta.args.at(-1)!, metadata.description[CUSTOM_NAME]!];
  }

  test.each([
    ["RUN <<E\necho $T\n echo b\nE", "echo $T\n echo b\n", "[1/1] RUN <<E (echo $T...)"],
    ["RUN <<'E'\necho $T\nE", "echo $T\n", "[1/1] RUN <<'E' (echo $T)"],
    ["RUN <<-E\n\techo a\n\t\techo b\n\tE", "echo a\necho b\n", "[1/1] RUN <<-E (echo a...)"],
    ['RUN <<"E F"\nx\nE F', "x\n", '[1/1] RUN <<"E F" (x)'],
    ["RUN <<E\nE", "", "[1/1] RUN <<E ()"],
    ["RUN <<E\n #!/bin/x\nE", " #!/bin/x\n", "[1/1] RUN <<E (#!/bin/x)"],
    ["RUN <<E\n\\$T \\\\ \\\n x\nE", "\\$T \\\\ \\\n x\n", "[1/1] RUN <<E ($T \\ ...)"],
    ["RUN python3 <<E\nprint(1)\nE", "python3 <<E\nprint(1)\nE", "[1/1] RUN python3 <<E"],
    ["RUN <<E # comment\nx\nE", "<<E # comment\nx\nE", "[1/1] RUN <<E # comment"],
    ["RUN cat <<-E\n\tx\n\tE", "cat <<-E\n\tx\nE", "[1/1] RUN cat <<-E"],
    ["RUN <<A cat 3<<B > /x\na\nA\nb\nB", "<<A cat 3<<B > /x\na\nA\nb\nB", "[1/1] RUN <<A cat 3<<B > /x"],
    ["RUN cat <<E && \\\n  echo b\nx\nE", "cat <<E &&   echo b\nx\nE", "[1/1] RUN cat <<E &&   echo b"],
    ["RUN --network=none <<E\nx\nE", "x\n", "[1/1] RUN --network=none <<E (x)"],
    ["RUN <<E\nx\r\ny\nE", "x\r\ny\n", "[1/1] RUN <<E (x...)"],
  ])("%j", async (text, script, name) => {
    expect(await shell(text)).toEqual([script, name]);
  });

  test("one that begins with #! is a program, and the shell is given its path", async () => {
    const text = `${S}SHELL ["/bin/bash", "-c"]\nRUN <<-'E'\n\t#!/usr/bin/env python3\n\tprint("$x")\nE`;
    const { op, inputs } = await lastExec(text);
    expect(op.meta.args).toEqual(["/bin/bash", "-c", "/dev/pipes/E"]);
    expect(op.mounts[1]).toEqual({
      kind: "bind",
      dest: "/dev/pipes/",
      input: 0,
      selector: "/",
      output: -1,
      readonly: true,
      contentCache: "default",
    });
    const file = inputs[0]!.vertex.op;
    expect(file.kind === "file" && file.actions).toMatchObject([
      { kind: "mkfile", path: "/E", mode: 0o755, timestampNs: -1n },
    ]);
    const [action] = file.kind === "file" ? file.actions : [];
    expect(action?.kind === "mkfile" && new TextDecoder().decode(action.data)).toBe(
      '#!/usr/bin/env python3\nprint("$x")\n',
    );
  });

  test("a JSON array opens none", async () => {
    expect((await execOf(`${S}RUN ["a", "<<E"]`)).meta.args).toEqual(["a", "<<E"]);
  });

  test("a trigger keeps its here-document, and runs it where the image is used", async () => {
    const { config } = await compileText(`${S}ONBUILD RUN <<-E\n\techo a\n\tE`);
    const OnBuild = config!.config!.OnBuild!;
    expect(OnBuild).toEqual(["RUN <<-E\n\techo a\nE"]);
    const images = { "docker.io/library/b:latest": imageConfig({ OnBuild }) };
    const { op, metadata } = await lastExec("FROM b", { images });
    expect(op.meta.args.at(-1)).toBe("echo a\n");
    expect(metadata.description[CUSTOM_NAME]).toBe("[2/2] ONBUILD RUN <<-E (echo a)");
  });
});

test("a definition says what a builder must be able to do", async () => {
  const text = `${S}RUN --network=none --mount=type=cache,target=/c --mount=type=secret,id=a,env=A --mount=source=a,target=/b x`;
  expect((await lastExec(text)).metadata.caps).toEqual([
    "exec.meta.base",
    "exec.meta.network",
    "exec.meta.setsdefaultpath",
    "exec.mount.bind",
    "exec.mount.cache",
    "exec.mount.cache.sharing",
    "exec.mount.secret",
    "exec.mount.selector",
    "exec.secretenv",
  ]);
});
