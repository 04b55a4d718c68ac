import { execFileSync } from "node:child_process";
import fs from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import path from "node:path";
import { createGitBackend } from "@slipway/testing/fixtures";
import { serve, temporaryFolder, type TestServer } from "../testing.test.helper.ts";

export interface GitServer extends TestServer {
  /** Folder of the bare repositories: `/name.git` of the URL. */
  readonly repositories: string;
}

/** `git http-backend` behind a server of this process; `guard` may answer instead by giving true. */
export async function serveGit(
  guard: (request: IncomingMessage, response: ServerResponse) => boolean = () => false,
): Promise<GitServer> {
  const repositories = temporaryFolder();
  const answerGit = createGitBackend();
  const server = await serve((request, response) => {
    if (guard(request, response)) return;
    const pathInfo = new URL(request.url ?? "/", "http://host").pathname;
    answerGit({ request, response, repositories, pathInfo });
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
