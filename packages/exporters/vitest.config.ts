import { projectTests } from "../../vitest.shared.ts";

export default projectTests("@slipway/exporters", import.meta.dirname);
