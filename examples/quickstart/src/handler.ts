import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import type { Board } from "./board.ts";
import { renderPage } from "./page.ts";

const MAX_BODY_BYTES = 4096;

/** GET / shows the board, POST /ships adds one, POST /ships/ID/launch launches it, GET /healthz answers `ok`. */
export function createHandler(board: Board): RequestListener {
  return (request, response) => {
    route(board, request, response).catch((error: unknown) => {
      console.error(error);
      send(response, 500, "text/plain", "something broke\n");
    });
  };
}

async function route(board: Board, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { pathname } = new URL(request.url ?? "/", "http://localhost");
  if (request.method === "GET" && pathname === "/healthz") return send(response, 200, "text/plain", "ok\n");
  if (request.method === "GET" && pathname === "/") {
    return send(response, 200, "text/html; charset=utf-8", renderPage(board.list()));
  }
  if (request.method === "POST" && pathname === "/ships") {
    const ship = board.add(new URLSearchParams(await readBody(request)).get("name") ?? "");
    return ship === undefined
      ? send(response, 400, "text/plain", "a new name, please\n")
      : redirect(response);
  }
  const launch = /^\/ships\/(\d+)\/launch$/.exec(pathname);
  if (request.method === "POST" && launch !== null && board.launch(Number(launch[1])) !== undefined) {
    return redirect(response);
  }
  return send(response, 404, "text/plain", "not found\n");
}

async function readBody(request: IncomingMessage): Promise<string> {
  let body = "";
  for await (const chunk of request.setEncoding("utf8")) {
    body += chunk;
    if (body.length > MAX_BODY_BYTES) throw new Error("request too large");
  }
  return body;
}

function redirect(response: ServerResponse): void {
  response.writeHead(303, { location: "/" }).end();
}

function send(response: ServerResponse, status: number, type: string, body: string): void {
  response.writeHead(status, { "content-type": type }).end(body);
}
