import { projectTests } from "../vitest.shared.ts";

// Whole builds, several at once on a machine that may have two processors: what hangs is told late, but never falsely.
export default projectTests("@slipway/e2e", import.meta.dirname, { testTimeoutMs: 120_000 });
