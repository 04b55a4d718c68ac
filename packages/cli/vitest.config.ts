import { projectTests } from "../../vitest.shared.ts";

export default projectTests("@slipway/cli", import.meta.dirname);
