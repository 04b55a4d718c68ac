import { projectTests } from "../vitest.shared.ts";

export default projectTests("@slipway/e2e", import.meta.dirname);
