import { execFileSync, spawn, spawnSync, type ChildProcess } from "node:child_process";
import {
  chmodSync,
  chownSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
} from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { findCommand, requires, temporaryFolder } from "@slipway/testing";
import { eventually, processesWith } from "./harness/processes.ts";
import { LAUNCHER, slipway, startSlipway } from "./harness/slipway.ts";
import { BUSYBOX, FROM_TOOLS, toolsContext } from "./harness/tools-image.ts";
import { tracesIn } from "./harness/traces.ts";

requires({
  root: true,
  paths: [BUSYBOX],
  commands: ["ssh-agent", "ssh-add", "ssh-keygen"],
  anyCommandOf: [["crun", "runc"]],
}).describe("ssh agents", () => {
  const folder = temporaryFolder();
  const key = folder.join("key");
  const agentSocket = folder.join("agent");
  let agent: ChildProcess;
  let fingerprint: string;
  let count = 0;

  beforeAll(async () => {
    execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "someone@somewhere", "-f", key]);
    fingerprint = execFileSync("ssh-keygen", ["-l", "-f", key], { encoding: "utf8" }).split(" ")[1]!;
    agent = spawn("ssh-agent", ["-D", "-a", agentSocket], { stdio: "ignore" });
    await eventually("the agent listens", () => existsSync(agentSocket));
    execFileSync("ssh-add", ["-q", key], {
      env: { ...process.env, SSH_AUTH_SOCK: agentSocket },
      stdio: "ignore",
    });
  });
  afterAll(() => {
    agent.kill();
    folder.remove();
  });

  function context(lines: readonly string[]): string {
    return toolsContext(folder.join(`context-${++count}`), {
      dockerfile: `${FROM_TOOLS}${lines.join("\n")}\n`,
      programs: [findCommand("ssh-add")!, findCommand("ssh-keygen")!],
    });
  }

  function settings(driver = "namespaces") {
    return {
      root: folder.join(`store-${count}`),
      env: { SSH_AUTH_SOCK: agentSocket, SLIPWAY_SANDBOX: driver },
    };
  }

  function said(text: string): string[] {
    return [...text.matchAll(/^#\d+ [\d.]+ (.*)$/gm)].map((match) => match[1]!);
  }

  describe.each(["namespaces", "oci"])("in the sandbox %s", (driver) => {
    test("a step reaches the agent, can ask it to sign, and can't change it", async () => {
      const lines = [
        "RUN --mount=type=ssh stat -c '%a %u:%g %F' $SSH_AUTH_SOCK && echo $SSH_AUTH_SOCK && ssh-add -l && " +
          "ssh-add -L > /key.pub && echo hi | ssh-keygen -q -Y sign -n file -f /key.pub > /signed 2>/dev/null && head -n 1 /signed; " +
          "ssh-add -D || ssh-add -d /key.pub || echo unchanged",
        "RUN ls /run 2>&1; env | grep -c SSH || true",
      ];
      const built = context(lines);
      const image = folder.join(`image-${count}.tar`);
      const result = await slipway(
        ["build", "--progress=plain", "--ssh", "default", `--output=type=tar,dest=${image}`, built],
        settings(driver),
      );
      expect(result, result.stderr).toMatchObject({ code: 0 });
      const lived = said(result.stderr);
      expect(lived.slice(0, 2)).toEqual(["600 0:0 socket", "/run/buildkit/ssh_agent.0"]);
      expect(lived[2]).toContain(fingerprint);
      expect(lived).toContain("-----BEGIN SSH SIGNATURE-----");
      expect(lived).toContain("unchanged");
      expect(lived.slice(-2)).toEqual(["ls: /run: No such file or directory", "0"]);
      expect(execFileSync("tar", ["-tf", image], { encoding: "utf8" })).not.toContain("run/");
      const left = execFileSync("ssh-add", ["-l"], {
        encoding: "utf8",
        env: { ...process.env, SSH_AUTH_SOCK: agentSocket },
      });
      expect(left).toContain(fingerprint);
    });

    test("several agents and keys, each with its own owner and mode, at once", async () => {
      const built = context([
        "RUN --mount=type=ssh --mount=type=ssh,id=key,mode=0666,uid=7,gid=8 --mount=type=ssh,id=key,target=/tmp/agent.sock " +
          "for s in /run/buildkit/ssh_agent.0 /run/buildkit/ssh_agent.1 /tmp/agent.sock; do " +
          "stat -c '%a %u:%g' $s; (for i in 1 2 3 4; do SSH_AUTH_SOCK=$s ssh-add -l & done; wait) | grep -c ED25519; done",
        "USER 7",
        "RUN --mount=type=ssh,id=key,uid=7 ssh-add -l",
        "RUN --mount=type=ssh,id=key,required ssh-add -l || echo refused",
      ]);
      const result = await slipway(
        ["build", "--progress=plain", "--ssh", "default", "--ssh", `key=${key}`, built],
        settings(driver),
      );
      expect(result, result.stderr).toMatchObject({ code: 0 });
      const lived = said(result.stderr);
      expect(lived.slice(0, 6)).toEqual(["600 0:0", "4", "666 7:8", "4", "600 0:0", "4"]);
      expect(lived[6]).toContain(fingerprint);
      expect(lived.at(-1)).toBe("refused");
      // Comments of keys name people.
      expect(lived[6]).not.toContain("someone");
    });

    test("no socket is left when slipway is killed, or when the step fails", async () => {
      const marker = 3000 + Math.floor(Math.random() * 1e6) / 1e6;
      const built = context([`RUN --mount=type=ssh ssh-add -l && sleep ${marker}`]);
      const { root, env } = settings(driver);
      const running = startSlipway(["build", "--progress=plain", "--ssh", `default=${key}`, built], {
        root,
        env,
      });
      await eventually("the step runs", () => processesWith(`sleep ${marker}`).length > 0);
      const sockets = () =>
        readdirSync(root, { recursive: true, withFileTypes: true }).filter((entry) => entry.isSocket());
      expect(sockets()).toEqual([]);
      running.child.kill("SIGKILL");
      await running.ended();
      await eventually("the step has gone", () => processesWith(`sleep ${marker}`).length === 0);
      expect(sockets()).toEqual([]);
      const secretPart = readFileSync(key, "utf8").split("\n")[3]!;
      expect(tracesIn(root, secretPart)).toEqual([]);
    });
  });

  requires({ commands: ["setpriv", "unshare"] }).test(
    "an ordinary user's build reaches an agent, too",
    () => {
      const someone = 34568;
      const built = context([
        "RUN --mount=type=ssh,required ssh-add -l; stat -c '%a %u:%g %F' $SSH_AUTH_SOCK",
      ]);
      const own = folder.join(`home-${count}`);
      mkdirSync(`${own}/store`, { recursive: true });
      copyFileSync(key, `${own}/key`);
      for (const place of [own, `${own}/store`, `${own}/key`]) chownSync(place, someone, someone);
      for (const place of [folder.path, own, built]) chmodSync(place, 0o755);
      const result = spawnSync(
        "setpriv",
        [
          ...["--reuid", String(someone), "--regid", String(someone), "--clear-groups", "--"],
          ...[process.execPath, LAUNCHER, "build", "--progress=plain", `--ssh=default=${own}/key`, built],
        ],
        {
          encoding: "utf8",
          cwd: "/",
          env: { PATH: process.env["PATH"], HOME: own, SLIPWAY_ROOT: `${own}/store` },
        },
      );
      expect(result, result.stderr).toMatchObject({ status: 0 });
      expect(said(result.stderr)[0]).toContain(fingerprint);
      expect(said(result.stderr)[1]).toBe("600 0:0 socket");
    },
  );

  test("an agent that is needed and was not given is an error with its line and the flag to pass", async () => {
    for (const [mount, hint] of [
      ["type=ssh,required=true", "--ssh default"],
      ["type=ssh,id=work,required", "--ssh work=SOCKET"],
    ]) {
      const built = context([`RUN --mount=${mount} true`]);
      const result = await slipway(["build", "--progress=plain", built], settings());
      expect(result.code).toBe(1);
      expect(result.stderr).toContain("Dockerfile:5");
      expect(result.stderr).toContain("ERROR: the step needs the ssh agent");
      expect(result.stderr).toContain(hint);
    }
  });

  test("without an agent a step that does not require one runs, and finds no socket", async () => {
    const built = context(['RUN --mount=type=ssh echo "$SSH_AUTH_SOCK"; ls /run']);
    const result = await slipway(["build", "--progress=plain", built], settings());
    expect(said(result.stderr)).toEqual(["/run/buildkit/ssh_agent.0", "ls: /run: No such file or directory"]);
  });

  test("an agent that goes away while the build runs is told in a warning", async () => {
    const socket = folder.join("short-lived");
    const own = spawn("ssh-agent", ["-D", "-a", socket], { stdio: "ignore" });
    await eventually("the agent listens", () => existsSync(socket));
    const built = context(["RUN --mount=type=ssh sleep 1; ssh-add -l"]);
    const running = startSlipway(
      ["build", "--progress=rawjson", "--ssh", `default=${socket}`, built],
      settings(),
    );
    await running.printed("RUN --mount");
    own.kill();
    const { code, stderr } = await running.ended();
    expect(code).toBe(1);
    const warning = stderr.split("\n").find((line) => line.startsWith('{"warnings"'))!;
    const { warnings } = JSON.parse(warning) as { warnings: { short: string }[] };
    expect(Buffer.from(warnings[0]!.short, "base64").toString()).toContain(`${socket} does not answer`);
  });
});
