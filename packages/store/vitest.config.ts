import { projectTests } from "../../vitest.shared.ts";

export default projectTests("@slipway/store", import.meta.dirname);
