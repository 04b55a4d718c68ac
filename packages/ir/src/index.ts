export * from "./op.ts";
export * from "./vertex.ts";
