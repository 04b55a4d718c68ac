import { projectTests } from "../../vitest.shared.ts";

export default projectTests("@slipway/solver", import.meta.dirname);
