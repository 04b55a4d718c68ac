import { projectTests } from "../../vitest.shared.ts";

export default projectTests("@slipway/engine-sdk", import.meta.dirname);
