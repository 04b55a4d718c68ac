import { projectTests } from "../../vitest.shared.ts";

export default projectTests("@slipway/registry", import.meta.dirname);
