import { projectTests } from "../../vitest.shared.ts";

export default projectTests("@slipway/oci", import.meta.dirname);
