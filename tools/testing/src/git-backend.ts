import { execFileSync, spawn } from "node:child_process";
import type { IncomingMessage, ServerResponse } from "node:http";
import path from "node:path";

/** One request to git, and where its repositories are. */
export interface GitExchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** Folder of the bare repositories. */
  readonly repositories: string;
  /** Path of the request, from that folder on. */
  readonly pathInfo: string;
}

/**
 * Makes a function that lets `git http-backend` answer a request, as a web server does.
 * @see git-http-backend(1); RFC 3875 (CGI)
 */
export function createGitBackend(): (exchange: GitExchange) => void {
  // Debian and others keep git's own programs apart.
  const folder = execFileSync("git", ["--exec-path"], { encoding: "utf8" }).trim();
  const program = path.join(folder, "git-http-backend");
  return ({ request, response, repositories, pathInfo }) => {
    const header = (name: string): string => String(request.headers[name] ?? "");
    const child = spawn(program, [], {
      env: {
        PATH: process.env["PATH"],
        GIT_PROJECT_ROOT: repositories,
        GIT_HTTP_EXPORT_ALL: "1",
        GIT_CONFIG_GLOBAL: "/dev/null",
        PATH_INFO: pathInfo,
        QUERY_STRING: new URL(request.url ?? "/", "http://host").search.slice(1),
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
  };
}
