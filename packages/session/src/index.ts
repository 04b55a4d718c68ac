export type { BuildSession, SshAgent } from "@slipway/engine-sdk";
