export * from "./contracts.ts";
export { createEngine } from "./create-engine.ts";
