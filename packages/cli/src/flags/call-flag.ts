import { UsageError } from "../usage-error.ts";

/** What `--call` asks the frontend, as docker buildx has it. */
export interface CallFlag {
  /** The frontend's `requestid`; absent for an ordinary build. */
  readonly requestId?: string;
  readonly format: "text" | "json";
  /** `ignorestatus=true`: findings do not make the command fail. */
  readonly ignoresStatus: boolean;
}

const REQUEST_IDS: Readonly<Record<string, string>> = {
  check: "frontend.lint",
  lint: "frontend.lint",
  outline: "frontend.outline",
  targets: "frontend.targets",
  "subrequests.describe": "frontend.subrequests.describe",
};

/**
 * Reads `--call METHOD[,format=json][,ignorestatus=true]` and `--check`.
 * @throws UsageError
 * @see docker buildx build --call
 */
export function callFlag(flags: { readonly call?: string; readonly check?: boolean }): CallFlag {
  if (flags.call !== undefined && flags.check)
    throw new UsageError("--check and --call contradict each other", "--check is short for --call=check.");
  const [method = "", ...options] = (flags.check ? "check" : (flags.call ?? "build")).split(",");
  let format: CallFlag["format"] = "text";
  let ignoresStatus = false;
  for (const option of options) {
    const [key, value = ""] = option.split("=", 2);
    if (key === "format" && (value === "json" || value === "text")) format = value;
    else if (key === "ignorestatus" && /^(?:true|false|)$/.test(value)) ignoresStatus = value !== "false";
    else throw new UsageError(`--call does not know "${option}"`, "Write format=json, or ignorestatus=true.");
  }
  if (method === "build") return { format, ignoresStatus };
  // Frontends may answer more than what is listed here.
  const requestId = REQUEST_IDS[method] ?? (/^frontend\.[\w.]+$/.test(method) ? method : undefined);
  if (requestId === undefined) {
    throw new UsageError(
      `--call "${method}" is not supported`,
      `Use build, ${Object.keys(REQUEST_IDS).join(", ")}.`,
    );
  }
  return { requestId, format, ignoresStatus };
}
