import { spawn, type ChildProcess } from "node:child_process";
import { closeSync } from "node:fs";
import type { Socket } from "node:net";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { WorldError } from "@slipway/oci";
import { searchPath } from "../choice/find-program.ts";
import { handoverMaker, type Handover } from "./handover.ts";
import { loadKoffi, locateKoffi } from "../koffi-native.ts";
import { pipeMaker, type OutputPipe } from "./pipes.ts";
import { processIsGone } from "./process-is-gone.ts";
import type { StateFolder } from "./state-folder.ts";
import { encodeJob, stubFds, type StubJob, type StubMessage } from "../stub-protocol.ts";

/** How a stub, or the process that it became, ended. */
export interface StubEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** What was said on the diagnostics descriptor, cut to a few kilobytes. */
  readonly diagnostics: string;
}

/** A stub: a process that waits for its job. */
export interface Stub {
  readonly stdout: Socket;
  readonly stderr: Socket;
  /** Gives it its job. `onMessage` gets what it says; call once. From now on it keeps the event loop alive. */
  start(job: StubJob, onMessage: (message: StubMessage) => void): void;
  /** The descriptors that it has said wait for slipway; whoever takes them closes them. */
  takeSockets(count: number): number[];
  /** Ends when the process and all its descendants are gone and everything that the stub said has been delivered. */
  readonly ended: Promise<StubEnd>;
  /** Kills everything in the sandbox; resolves when it is gone. */
  kill(): Promise<void>;
}

/**
 * Two PID namespaces, one within the other. The first process of the outer one is `cat`, which does nothing but wait
 * for the end of its input: slipway's death, however it comes, closes that input; `cat` ends, and the kernel kills
 * everything in its namespace. A parent-death signal could not promise that: setuid programs shed it.
 * The first process of the inner one is the stub, so that the process of a build step has PID 1 as under Docker. The
 * `unshare` between them pass its exit status on.
 */
const chain = `
ulimit -S -c 0
cat <&${stubFds.watch} >/dev/null 2>&1 ${stubFds.control}<&- ${stubFds.watch}<&- ${stubFds.stderr}<&- ${stubFds.handover}<&- &
echo "{\\"kind\\":\\"watch\\",\\"pid\\":$!}" >&${stubFds.control}
exec unshare --fork -- unshare --pid --fork -- "$@"`;

const nodeFlags = ["--no-warnings", "--disable-sigusr1", "--v8-pool-size=0"];

const stubFile = new URL(
  import.meta.url.endsWith(".ts") ? "./sandbox-stub.ts" : "./sandbox-stub.js",
  import.meta.url,
);

/** Returns a function that starts stubs; they need no more of `process.execArgv` than `nodeFlags`. */
export function stubLauncher(state: StateFolder): () => Stub {
  const koffiFile = locateKoffi();
  const koffi = loadKoffi(koffiFile);
  const makePipe = pipeMaker(koffi);
  const makeHandover = handoverMaker(koffi);
  const command = [process.execPath, ...nodeFlags, fileURLToPath(stubFile), koffiFile ?? ""];
  return () => {
    const [stdout, stderr] = [makePipe(), makePipe()];
    const handover = makeHandover();
    try {
      const child = spawn("unshare", ["--pid", "--", "sh", "-c", chain, "sh", ...command], {
        cwd: "/",
        // Of its own session: Ctrl-C is for slipway, which then ends its sandboxes in order.
        detached: true,
        env: { PATH: searchPath(), NODE_COMPILE_CACHE: state.compileCache },
        stdio: ["ignore", stdout.writeFd, "pipe", "pipe", "pipe", stderr.writeFd, handover.childFd],
      });
      return new StubProcess(child, { stdout, stderr, handover });
    } catch (cause) {
      stdout.reader.destroy();
      stderr.reader.destroy();
      handover.close();
      throw new WorldError(
        "SANDBOX_START_FAILED",
        `a process can't be started: ${(cause as Error).message}`,
        {
          hint: "Close other programs, or raise the limits of processes and open files (ulimit -u, ulimit -n).",
          retryable: true,
          cause,
        },
      );
    } finally {
      closeSync(stdout.writeFd);
      closeSync(stderr.writeFd);
      closeSync(handover.childFd);
    }
  };
}

class StubProcess implements Stub {
  readonly stdout: Socket;
  readonly stderr: Socket;
  readonly ended: Promise<StubEnd>;
  readonly #child: ChildProcess;
  readonly #control: Socket;
  readonly #watch: Socket;
  readonly #handover: Handover;
  #watchPid: number | undefined;
  #onMessage: ((message: StubMessage) => void) | undefined;
  #diagnostics = "";

  constructor(child: ChildProcess, ends: { stdout: OutputPipe; stderr: OutputPipe; handover: Handover }) {
    this.#child = child;
    this.stdout = ends.stdout.reader;
    this.stderr = ends.stderr.reader;
    this.#handover = ends.handover;
    const [, , diagnostics, control, watch] = child.stdio as unknown as (Socket | undefined)[];
    this.#control = control!;
    this.#watch = watch!;
    for (const socket of this.#sockets()) {
      // Broken pipes and resets only mean that the stub is gone, which its exit tells.
      socket.on("error", () => undefined);
    }
    diagnostics!.setEncoding("utf8").on("data", (text: string) => {
      if (this.#diagnostics.length < 8192) this.#diagnostics += text;
    });
    // The interface repeats the socket's errors.
    createInterface({ input: this.#control })
      .on("line", (line) => this.#take(line))
      .on("error", () => undefined);
    this.ended = this.#end(diagnostics!);
    // Whoever needs the end awaits it; an idle stub that fails to start is noticed at its first use.
    this.ended.catch(() => undefined);
    this.#keepAlive(false);
  }

  start(job: StubJob, onMessage: (message: StubMessage) => void): void {
    this.#onMessage = onMessage;
    this.#keepAlive(true);
    const body = encodeJob(job);
    const header = Buffer.alloc(4);
    header.writeUInt32LE(body.length);
    this.#control.write(Buffer.concat([header, body]));
  }

  takeSockets(count: number): number[] {
    return this.#handover.receive(count);
  }

  async kill(): Promise<void> {
    this.#keepAlive(true);
    this.#watch.destroy();
    this.#control.end();
    // Output that nobody reads any more would keep the streams from ending.
    this.stdout.resume();
    this.stderr.resume();
    await this.ended.catch(() => undefined);
    // The kernel has killed the namespace when its first process is gone, or a zombie.
    while (this.#watchPid !== undefined && !processIsGone(this.#watchPid)) {
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  }

  async #end(diagnostics: Socket): Promise<StubEnd> {
    const exit = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve, reject) => {
      this.#child.on("exit", (code, signal) => resolve({ code, signal }));
      this.#child.on("error", (cause) =>
        reject(
          new WorldError("SANDBOX_START_FAILED", `unshare can't be started: ${cause.message}`, {
            hint: "Install util-linux.",
            cause,
          }),
        ),
      );
    });
    const closed = [diagnostics, this.#control, this.stdout, this.stderr].map(
      (socket) => new Promise<void>((resolve) => void socket.on("close", () => resolve())),
    );
    try {
      const { code, signal } = await exit;
      this.#control.end();
      await Promise.all(closed);
      return { code, signal, diagnostics: this.#diagnostics };
    } finally {
      for (const socket of this.#sockets()) socket.destroy();
      this.#handover.close();
    }
  }

  #take(line: string): void {
    let message: StubMessage;
    try {
      message = JSON.parse(line) as StubMessage;
    } catch {
      return;
    }
    if (message.kind === "watch") this.#watchPid = message.pid;
    else this.#onMessage?.(message);
  }

  #keepAlive(alive: boolean): void {
    const verb = alive ? "ref" : "unref";
    this.#child[verb]();
    for (const socket of this.#sockets()) socket[verb]();
  }

  #sockets(): Socket[] {
    return [...(this.#child.stdio.slice(2, 5) as unknown as Socket[]), this.stdout, this.stderr];
  }
}
