import { projectTests } from "../../vitest.shared.ts";

export default projectTests("@slipway/engine", import.meta.dirname);
