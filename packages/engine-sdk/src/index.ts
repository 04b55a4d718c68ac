export * from "./exporter.ts";
export * from "./progress.ts";
export * from "./ref.ts";
export * from "./sandbox.ts";
export * from "./session.ts";
export * from "./solver-host.ts";
export * from "./source.ts";
