/** True when SLIPWAY_DEBUG asks for causes and stacks: set, and neither empty, `0` nor `false`. */
export function isDebugEnvironment(env: Readonly<Record<string, string | undefined>>): boolean {
  return !["", "0", "false", undefined].includes(env["SLIPWAY_DEBUG"]);
}
