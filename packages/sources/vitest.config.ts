import { projectTests } from "../../vitest.shared.ts";

export default projectTests("@slipway/sources", import.meta.dirname);
