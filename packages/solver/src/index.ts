export { createSolver, type Solver, type SolverOptions } from "./solver.ts";
export { opDigest } from "./definition-keys.ts";
