import { projectTests } from "../../vitest.shared.ts";

export default projectTests("@slipway/session", import.meta.dirname);
