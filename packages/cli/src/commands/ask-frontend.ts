import type { Diagnostic } from "@slipway/frontend-sdk";
import type { BuildFlags, EngineFlags } from "../flags/build-flags.ts";
import type { Host } from "../host.ts";
import { withRequest } from "./with-request.ts";

/** Flags of commands that ask about a build file. */
export interface AskFlags extends EngineFlags, Partial<BuildFlags> {}

/** What a frontend answered, as text. */
export interface FrontendAnswer {
  /** `result.json` */
  readonly json: string;
  /** `result.txt` */
  readonly text: string;
  /** `result.statuscode`: not `0` when the answer is bad news. Empty where there is none. */
  readonly status: string;
  readonly warnings: readonly Diagnostic[];
}

/** What is not asked for, as commander hands it over. */
export const NO_FLAGS = {
  buildArg: [],
  buildContext: [],
  label: [],
  platform: [],
  noCacheFilter: [],
  addHost: [],
  secret: [],
  ssh: [],
  allow: [],
  ulimit: [],
} satisfies Partial<BuildFlags>;

/**
 * Asks the frontend of a build file a question.
 * @param question.requestid what is asked, for example `frontend.outline`
 * @throws UsageError; InputError for what is wrong with the build file
 */
export async function askFrontend(
  question: {
    readonly requestid: string;
    readonly context: string;
    readonly flags: AskFlags;
    /** Further frontend attributes. */
    readonly options?: Readonly<Record<string, string>>;
  },
  io: Host,
): Promise<FrontendAnswer> {
  const { requestid, context } = question;
  const flags = { ...NO_FLAGS, ...question.flags };
  return withRequest({ context, flags }, io, async ({ engine, request, signal }) => {
    const warnings: Diagnostic[] = [];
    const options = { ...request.options, ...question.options, requestid };
    const answer = await engine.call(
      { ...request, options },
      {
        signal,
        progress: (event) => {
          if (event.kind === "warning")
            warnings.push({
              severity: "warning",
              code: event.code,
              message: event.message,
              ...(event.hint ? { hint: event.hint } : {}),
            });
        },
      },
    );
    const text = (key: string): string => Buffer.from(answer[key] ?? new Uint8Array()).toString("utf8");
    return {
      json: text("result.json"),
      text: text("result.txt"),
      status: text("result.statuscode"),
      warnings,
    };
  });
}
