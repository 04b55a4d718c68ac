import { createServer } from "node:http";
import { createBoard } from "./board.ts";
import { createHandler } from "./handler.ts";

const port = Number(process.env["PORT"] ?? 8080);
const server = createServer(createHandler(createBoard()));

server.listen(port, () => console.log(`listening on http://localhost:${port}`));
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => server.close());
