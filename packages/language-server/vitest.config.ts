import { projectTests } from "../../vitest.shared.ts";

export default projectTests("@slipway/language-server", import.meta.dirname);
