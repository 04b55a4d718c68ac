export * from "./bridge.ts";
export * from "./diagnostic.ts";
export * from "./frontend.ts";
