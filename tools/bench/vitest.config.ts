import { projectTests } from "../../vitest.shared.ts";

export default projectTests("@slipway/bench", import.meta.dirname);
