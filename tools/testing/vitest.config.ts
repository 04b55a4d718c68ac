import { projectTests } from "../../vitest.shared.ts";

export default projectTests("@slipway/testing", import.meta.dirname);
