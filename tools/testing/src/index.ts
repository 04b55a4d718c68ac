export * from "./fixtures.ts";
export { requires, type RequiringTests } from "./requires.ts";
