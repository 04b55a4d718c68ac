import { execFileSync, spawn } from "node:child_process";
import fs from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import path from "node:path";
import { serve, temporaryFolder, type TestServer } from "../testing.test.helper.ts";

/** Where Debian and others keep git's own programs. */
function backend(): string {
  return path.join(execFileSync("git", ["--exec-path"], { encoding: "utf8" }).trim(), "git-http-backend");
}

export interface GitServer extends TestServer {
  /** Folder of the bare repositories: `/name.git` of the URL. */
  readonly repositories: string;
}

/** `git http-backend` behind a server of this process; `guard` may answer instead by giving true. */
export async function serveGit(
  guard: (request: IncomingMessage, response: ServerResponse) => boolean = () => false,
): Promise<GitServer> {
  const repositories = temporaryFolder();
  const program = backend();
  const server = await serve((request, response) => {
    if (guard(request, response)) return;
    const url = new URL(request.url ?? "/", "http://host");
    const header = (name: string): string => String(request.headers[name] ?? "");
    const child = spawn(program, [], {
      env: {
        PATH: process.env.PATH,
        GIT_PROJECT_ROOT: repositories,
        GIT_HTTP_EXPORT_ALL: "1",
        GIT_CONFIG_GLOBAL: "/dev/null",
        PATH_INFO: url.pathname,
        QUERY_STRING: url.search.slice(1),
        REQUEST_METHOD: request.method,
        CONTENT_TYPE: header("content-type"),
        HTTP_CONTENT_ENCODING: header("content-encoding"),
        GIT_PROTOCOL: header("git-protocol"),
        REMOTE_ADDR: "127.0.0.1",
      },
    });
    request.pipe(child.stdin);
    child.stdin.on("error", () => undefined);
    let head: Buffer | undefined = Buffer.alloc(0);
    child.stdout.on("data", (chunk: Buffer) => {
      if (head === undefined) return void response.write(chunk);
      head = Buffer.concat([head, chunk]);
      const end = head.indexOf("\r\n\r\n");
      if (end < 0) return;
      let status = 200;
      for (const line of head.subarray(0, end).toString().split("\r\n")) {
        const [name = "", value = ""] = line.split(": ");
        if (name === "Status") status = Number.parseInt(value, 10);
        else response.setHeader(name, value);
      }
      response.writeHead(status).write(head.subarray(end + 4));
      head = undefined;
    });
    child.on("close", () => response.end());
  });
  return { ...server, repositories };
}

const AUTHOR = {
  GIT_AUTHOR_NAME: "a",
  GIT_AUTHOR_EMAIL: "a@b",
  GIT_COMMITTER_NAME: "a",
  GIT_COMMITTER_EMAIL: "a@b",
};

/** A repository to commit to, and its bare twin on the server. */
export class TestRepository {
  readonly folder: string;
  readonly bare: string;
  readonly url: string;
  #seconds = 1_600_000_000;

  constructor(server: GitServer, name = "repo") {
    this.folder = path.join(temporaryFolder(), name);
    this.bare = path.join(server.repositories, `${name}.git`);
    this.url = `${server.url}/${name}.git`;
    fs.mkdirSync(this.folder);
    this.git("init", "-q", "-b", "main");
    execFileSync("git", ["init", "-q", "--bare", "-b", "main", this.bare]);
  }

  git(...args: string[]): string {
    return execFileSync("git", args, {
      cwd: this.folder,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "pipe"],
      env: {
        ...process.env,
        ...AUTHOR,
        GIT_CONFIG_GLOBAL: "/dev/null",
        GIT_AUTHOR_DATE: `@${this.#seconds} +0000`,
        GIT_COMMITTER_DATE: `@${this.#seconds} +0000`,
      },
    }).trim();
  }

  /** Writes files (`null` removes one), commits all, pushes; gives the commit's hash. */
  commit(files: Readonly<Record<string, string | null>> = {}): string {
    for (const [name, text] of Object.entries(files)) {
      const file = path.join(this.folder, name);
      fs.mkdirSync(path.dirname(file), { recursive: true });
      if (text === null) fs.rmSync(file, { recursive: true });
      else fs.writeFileSync(file, text);
    }
    this.#seconds += 1000;
    this.git("add", "--all");
    this.git("commit", "-q", "--allow-empty", "-m", "change");
    this.push();
    return this.git("rev-parse", "HEAD");
  }

  /** Seconds since the epoch of the last commit. */
  get seconds(): number {
    return this.#seconds;
  }

  push(): void {
    this.git("push", "-q", "--force", "--mirror", this.bare);
  }
}
