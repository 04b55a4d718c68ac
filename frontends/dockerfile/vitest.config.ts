import { projectTests } from "../../vitest.shared.ts";

export default projectTests("@slipway/frontend-dockerfile", import.meta.dirname);
