import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { dockerCredentials } from "../index.ts";

const signal = new AbortController().signal;
let home: string;
beforeEach(() => {
  home = mkdtempSync(path.join(tmpdir(), "slipway-home-"));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

function write(file: string, content: unknown) {
  const full = path.join(home, file);
  mkdirSync(path.dirname(full), { recursive: true });
  writeFileSync(full, typeof content === "string" ? content : JSON.stringify(content));
}

/** A credential helper that knows one server; it records what it was asked. */
function helper(name: string, server: string, answer: unknown) {
  const file = path.join(home, "bin", `docker-credential-${name}`);
  mkdirSync(path.dirname(file), { recursive: true });
  const body = `#!/bin/sh\nread server\necho "$1 $server" >> ${home}/asked\n[ "$server" = "${server}" ] || { echo "credentials not found in native keychain"; exit 1; }\ncat <<'EOF'\n${JSON.stringify(answer)}\nEOF\n`;
  writeFileSync(file, body);
  chmodSync(file, 0o755);
}

const look = (registry: string, env: NodeJS.ProcessEnv = {}) =>
  dockerCredentials({ home, env: { PATH: `${home}/bin:/usr/bin:/bin`, ...env } }).get(registry, signal);
const encoded = (text: string) => Buffer.from(text).toString("base64");

describe("log-ins of docker login", () => {
  it("are read from ~/.docker/config.json, DOCKER_CONFIG, REGISTRY_AUTH_FILE and Podman's auth.json", async () => {
    expect(await look("a.example")).toBeUndefined();
    write(".docker/config.json", { auths: { "a.example": { auth: encoded("jane:pa:ss") } } });
    write(".config/containers/auth.json", { auths: { "b.example": { auth: encoded("p:q") } } });
    write("other/config.json", { auths: { "a.example": { auth: encoded("john:x") } } });
    write("file.json", { auths: { "a.example": { auth: encoded("jack:y") } } });
    expect(await look("a.example")).toEqual({ kind: "password", username: "jane", password: "pa:ss" });
    expect(await look("b.example")).toEqual({ kind: "password", username: "p", password: "q" });
    expect(await look("a.example", { DOCKER_CONFIG: `${home}/other` })).toMatchObject({ username: "john" });
    expect(await look("a.example", { REGISTRY_AUTH_FILE: `${home}/file.json` })).toMatchObject({
      username: "jack",
    });
  });

  it("are found for Docker Hub under its old address, and for keys with scheme and path", async () => {
    write(".docker/config.json", {
      auths: {
        "https://index.docker.io/v1/": { auth: encoded("hub:pw") },
        "https://b.example:5000/v2/": { auth: encoded("b:pw") },
      },
    });
    expect(await look("docker.io")).toMatchObject({ username: "hub" });
    expect(await look("b.example:5000")).toMatchObject({ username: "b" });
    expect(await look("b.example")).toBeUndefined();
    expect(await look("constructor")).toBeUndefined();
  });

  it("may be identity tokens and registry tokens", async () => {
    write(".docker/config.json", {
      auths: { a: { identitytoken: "i", auth: encoded("x:") }, b: { registrytoken: "r" } },
    });
    expect(await look("a")).toEqual({ kind: "identity-token", token: "i" });
    expect(await look("b")).toEqual({ kind: "registry-token", token: "r" });
  });

  it("come from credHelpers first, then credsStore, then auths", async () => {
    helper("one", "a.example", { ServerURL: "a.example", Username: "one", Secret: "s1" });
    helper("two", "https://index.docker.io/v1/", { ServerURL: "x", Username: "<token>", Secret: "s2" });
    write(".docker/config.json", {
      credHelpers: { "a.example": "one" },
      credsStore: "two",
      auths: { "a.example": { auth: encoded("file:x") }, "c.example": { auth: encoded("file:c") } },
    });
    expect(await look("a.example")).toEqual({ kind: "password", username: "one", password: "s1" });
    expect(await look("docker.io")).toEqual({ kind: "identity-token", token: "s2" });
    expect(await look("c.example")).toMatchObject({ username: "file", password: "c" });
    expect(readFileSync(`${home}/asked`, "utf8").split("\n")[0]).toBe("get a.example");
  });

  it("that a helper can't give are an error that says how to see why", async () => {
    write(".docker/config.json", { credHelpers: { a: "absent", b: "../evil", c: "chatty" } });
    helper("chatty", "c", "x");
    writeFileSync(`${home}/bin/docker-credential-chatty`, "#!/bin/sh\necho my secret is t0ps3cret\nexit 3\n");
    await expect(look("a")).rejects.toMatchObject({
      code: "CREDENTIAL_HELPER_FAILED",
      hint: expect.stringContaining("docker-credential-absent") as string,
    });
    await expect(look("b")).rejects.toMatchObject({ code: "CREDENTIAL_HELPER_FAILED" });
    const error = await look("c").catch((caught: unknown) => caught as Error);
    expect(error).toMatchObject({ code: "CREDENTIAL_HELPER_FAILED" });
    expect(JSON.stringify(error, Object.getOwnPropertyNames(error))).not.toContain("t0ps3cret");
  });

  it("in a file that is not JSON are an error that does not quote it", async () => {
    write(".docker/config.json", '{"auths": s3cr3t');
    const error = await look("a").catch((caught: unknown) => caught as Error);
    expect(error).toMatchObject({ code: "DOCKER_CONFIG_INVALID" });
    expect(JSON.stringify(error, Object.getOwnPropertyNames(error))).not.toContain("s3cr3t");
  });
});
