import { projectTests } from "../../vitest.shared.ts";

export default projectTests("@slipway/sandbox", import.meta.dirname);
