import { execFileSync } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";
import { createGitBackend } from "@slipway/testing/fixtures";

export interface FileServer {
  /** `http://127.0.0.1:port` */
  readonly url: string;
  /** Method and path of each request, in order. */
  readonly requests: string[];
  stop(): Promise<void>;
}

/** Answers requests; gives false for those that it leaves to git. */
export type Answer = (request: IncomingMessage, response: ServerResponse) => boolean;

/** A server for the bare repositories below `folder` (as `/git/<name>.git`), and for whatever `answer` answers. */
export async function serveGit(folder: string, answer: Answer): Promise<FileServer> {
  const answerGit = createGitBackend();
  const requests: string[] = [];
  const server = createServer((request, response) => {
    requests.push(`${request.method} ${request.url}`);
    if (answer(request, response)) return;
    const url = new URL(request.url ?? "/", "http://host");
    if (!url.pathname.startsWith("/git/")) return void response.writeHead(404).end();
    answerGit({ request, response, repositories: folder, pathInfo: url.pathname.slice("/git".length) });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

const IDENTITY = {
  GIT_AUTHOR_NAME: "a",
  GIT_AUTHOR_EMAIL: "a@example.test",
  GIT_COMMITTER_NAME: "a",
  GIT_COMMITTER_EMAIL: "a@example.test",
  GIT_AUTHOR_DATE: "@1600000000 +0000",
  GIT_COMMITTER_DATE: "@1600000000 +0000",
  GIT_CONFIG_GLOBAL: "/dev/null",
};

/** A repository with a bare twin that a server gives out. */
export interface ServedRepository {
  /** Writes files, commits all, pushes everything; gives the commit's hash. */
  commit(files: Readonly<Record<string, string>>): string;
  git(...args: string[]): string;
  readonly folder: string;
}

/** Makes `<folder>/<name>.git` and a work tree beside it. */
export function servedRepository(folder: string, name: string): ServedRepository {
  const work = path.join(folder, `${name}-work`);
  const bare = path.join(folder, `${name}.git`);
  rmSync(work, { recursive: true, force: true });
  mkdirSync(work, { recursive: true });
  const git = (...args: string[]): string =>
    execFileSync("git", args, {
      cwd: work,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, ...IDENTITY },
    }).trim();
  git("init", "-q", "-b", "main");
  git("init", "-q", "--bare", "-b", "main", bare);
  return {
    folder: work,
    git,
    commit(files) {
      for (const [file, text] of Object.entries(files)) {
        const at = path.join(work, file);
        mkdirSync(path.dirname(at), { recursive: true });
        writeFileSync(at, text);
      }
      git("add", "--all");
      git("commit", "-q", "--allow-empty", "-m", "change");
      git("push", "-q", "--force", "--mirror", bare);
      return git("rev-parse", "HEAD");
    },
  };
}
