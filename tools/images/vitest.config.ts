import { projectTests } from "../../vitest.shared.ts";

export default projectTests("@slipway/images", import.meta.dirname);
