import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { chmodSync, chownSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { afterAll, describe, expect, test } from "vitest";
import { requires, runCommand, temporaryFolder } from "@slipway/testing";
import { eventually, processesWith } from "./harness/processes.ts";
import { LAUNCHER, slipway, startSlipway, type SlipwayOptions } from "./harness/slipway.ts";
import { BUSYBOX, FROM_TOOLS, toolsContext } from "./harness/tools-image.ts";
import { tells, tracesIn } from "./harness/traces.ts";

const DRIVERS = ["namespaces", "oci"];
const MOUNTS =
  "RUN --mount=type=secret,id=file --mount=type=secret,id=file,target=/etc/other,mode=0644,uid=5,gid=6 --mount=type=secret,id=variable,env=TOKEN";

requires({ root: true, paths: [BUSYBOX], anyCommandOf: [["crun", "runc"]] }).describe("secrets", () => {
  const folder = temporaryFolder();
  afterAll(() => folder.remove());
  let count = 0;

  /** A build with two secrets, and everything that it can leave something in. */
  function build(lines: readonly string[], options: { driver?: string } = {}) {
    const own = folder.join(`build-${++count}`);
    const root = `${own}/store`;
    const temporary = `${own}/tmp`;
    mkdirSync(temporary, { recursive: true });
    const context = toolsContext(`${own}/context`, { dockerfile: `${FROM_TOOLS}${lines.join("\n")}\n` });
    const secret = `s3cret-${randomBytes(24).toString("hex")}`;
    const outside = folder.join(`outside-${count}`);
    writeFileSync(outside, `${secret} file\n`);
    const flags = [`--secret=id=file,src=${outside}`, "--secret=id=variable,env=MY_TOKEN"];
    const environment: SlipwayOptions = {
      root,
      env: {
        MY_TOKEN: `${secret} variable`,
        TMPDIR: temporary,
        SLIPWAY_SANDBOX: options.driver ?? "namespaces",
      },
    };
    return { own, context, secret, flags, environment, output: `--output=type=oci,dest=${own}/image.tar` };
  }

  describe.each(DRIVERS)("in the sandbox %s", (driver) => {
    test("a step sees them with their owner and mode, and nothing of them stays", async () => {
      const { own, context, secret, flags, environment, output } = build(
        [
          `${MOUNTS} stat -c '%a %u:%g' /run/secrets/file /etc/other && ` +
            `cat /run/secrets/file /etc/other | wc -c && echo "$TOKEN" | wc -c && touch /run/secrets/mine`,
          "RUN ls /run/secrets; ls /etc; env | grep -c TOKEN; echo x > /after",
        ],
        { driver },
      );
      const result = await slipway(
        ["build", "--progress=plain", "--debug", ...flags, output, context],
        environment,
      );
      expect(result, result.stderr).toMatchObject({ code: 0 });
      const said = [...result.stderr.matchAll(/^#\d+ [\d.]+ (.*)$/gm)].map((match) => match[1]);
      expect(said).toEqual([
        "400 0:0",
        "644 5:6",
        String(2 * (secret.length + 6)),
        String(secret.length + 10),
        "mine",
        "hosts",
        "passwd",
        "resolv.conf",
        "0",
      ]);
      expect(tells(result.stdout + result.stderr, secret)).toBe(false);
      mkdirSync(`${own}/image`);
      await runCommand("tar", ["-xf", `${own}/image.tar`, "-C", `${own}/image`]);
      expect(tracesIn(own, secret)).toEqual([]);
      expect(readdirSync(`${own}/tmp`)).toEqual([]);
    });

    test("nothing stays of them when the step fails, or can't be started", async () => {
      for (const [lines, status] of [
        [[`${MOUNTS} cat /run/secrets/file > /copy; exit 3`], 1],
        [[`${MOUNTS} ["/no/such/program"]`], 1],
        [["WORKDIR /run/secrets/file/below", `${MOUNTS} true`], 1],
      ] as const) {
        for (const flags of [["--progress=rawjson"], ["--progress=plain", "--debug"]]) {
          const { own, context, secret, flags: secrets, environment } = build(lines, { driver });
          const result = await slipway(["build", ...flags, ...secrets, context], environment);
          expect(result.code, result.stderr).toBe(status);
          expect(tells(result.stdout + result.stderr, secret)).toBe(false);
          // What the step itself wrote to the root went with the step.
          expect(tracesIn(own, secret)).toEqual([]);
        }
      }
    });

    test("nothing stays of them when slipway is killed while the step runs", async () => {
      const marker = 2000 + Math.floor(Math.random() * 1e6) / 1e6;
      const { own, context, secret, flags, environment } = build(
        [`${MOUNTS} cat /run/secrets/file >/dev/null; echo waiting; sleep ${marker}`],
        { driver },
      );
      const running = startSlipway(["build", "--progress=rawjson", ...flags, context], environment);
      await eventually("the step runs", () => processesWith(`sleep ${marker}`).length > 0);
      expect(tracesIn(own, secret)).toEqual([]);
      running.child.kill("SIGKILL");
      const { stdout, stderr } = await running.ended();
      await eventually("the step has gone", () => processesWith(`sleep ${marker}`).length === 0);
      expect(tells(stdout + stderr, secret)).toBe(false);
      expect(tracesIn(own, secret)).toEqual([]);
    });
  });

  test("a step that needs a secret which was not given is an error with its line and the flag to pass", async () => {
    for (const mount of ["id=key,required=true", "id=key,env=KEY,required"]) {
      const { context, environment } = build(["", `RUN --mount=type=secret,${mount} true`]);
      const result = await slipway(["build", "--progress=plain", context], environment);
      expect(result.code).toBe(1);
      expect(result.stderr).toContain("Dockerfile:6");
      expect(result.stderr).toContain('ERROR: the step needs the secret "key"');
      expect(result.stderr).toContain("--secret id=key,src=FILE");
    }
  });

  test("without them a step that does not require them runs without the file, and with an empty variable", async () => {
    const { context, environment } = build([
      `ENV TOKEN=other\n${MOUNTS} test ! -e /run && test "$TOKEN" = ""`,
    ]);
    const result = await slipway(["build", "--progress=plain", context], environment);
    expect(result, result.stderr).toMatchObject({ code: 0 });
  });

  test("their values are in no key: a step with another value is not run again", async () => {
    const { context, flags, environment } = build([`${MOUNTS} echo ran`]);
    const first = await slipway(["build", "--progress=plain", ...flags, context], environment);
    expect(first.stderr).toMatch(/^#\d+ [\d.]+ ran$/m);
    const second = await slipway(["build", "--progress=plain", ...flags, context], {
      ...environment,
      env: { ...environment.env, MY_TOKEN: "changed" },
    });
    expect(second.stderr).not.toMatch(/^#\d+ [\d.]+ ran$/m);
  });

  test("what is no text can't be a variable, and the error does not say what it is", async () => {
    const { context, environment, own } = build(["RUN --mount=type=secret,id=binary,env=BINARY true"]);
    writeFileSync(`${own}/binary`, Buffer.from("visible\0\xff", "latin1"));
    const result = await slipway(["build", `--secret=id=binary,src=${own}/binary`, context], environment);
    expect(result.code).toBe(1);
    expect(result.stderr).toContain('the secret "binary" is no text');
    expect(result.stderr).not.toContain("visible");
  });

  test("a target that would hide a folder is an error with its line", async () => {
    const { context, flags, environment } = build(["RUN --mount=type=secret,id=file,target=/bin true"]);
    const result = await slipway(["build", "--progress=plain", ...flags, context], environment);
    expect(result.code).toBe(1);
    expect(result.stderr).toContain("Dockerfile:5");
    expect(result.stderr).toContain("would hide a directory");
  });

  requires({ commands: ["setpriv", "unshare"] }).describe("an ordinary user's build", () => {
    test.each(DRIVERS)("has them, too, in the sandbox %s", (driver) => {
      const { own, context, secret, flags, environment } = build([
        `RUN --mount=type=secret,id=file --mount=type=secret,id=variable,env=TOKEN cat /run/secrets/file | wc -c; stat -c '%a %u' /run/secrets/file; echo "$TOKEN" | wc -c`,
      ]);
      const someone = 34567;
      mkdirSync(`${own}/store`, { recursive: true });
      for (const place of [own, `${own}/store`, `${own}/tmp`]) chownSync(place, someone, someone);
      for (const place of [folder.path, own, context]) chmodSync(place, 0o755);
      const result = spawnSync(
        "setpriv",
        [
          ...["--reuid", String(someone), "--regid", String(someone), "--clear-groups", "--"],
          ...[process.execPath, LAUNCHER, "build", "--progress=plain", ...flags, context],
        ],
        {
          encoding: "utf8",
          cwd: "/",
          env: {
            PATH: process.env["PATH"],
            HOME: own,
            SLIPWAY_ROOT: environment.root,
            ...environment.env,
            SLIPWAY_SANDBOX: driver,
          },
        },
      );
      expect(result, result.stderr).toMatchObject({ status: 0 });
      expect(result.stderr).toContain(`${secret.length + 6}\n`);
      expect(result.stderr).toContain(" 400 0\n");
      expect(result.stderr).toContain(`${secret.length + 10}\n`);
      expect(tracesIn(own, secret)).toEqual([]);
    });
  });
});
