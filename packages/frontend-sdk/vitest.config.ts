import { projectTests } from "../../vitest.shared.ts";

export default projectTests("@slipway/frontend-sdk", import.meta.dirname);
