export type { BuildSession, SshAgent } from "@slipway/engine-sdk";
export { createSession, type SessionOptions } from "./create-session.ts";
export { parseSecret, type SecretSource } from "./secret-source.ts";
export { MAX_SECRET_BYTES, type Surroundings } from "./secrets.ts";
export { parseSsh, type SshSource } from "./ssh-source.ts";
