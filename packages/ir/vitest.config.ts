import { projectTests } from "../../vitest.shared.ts";

export default projectTests("@slipway/ir", import.meta.dirname);
