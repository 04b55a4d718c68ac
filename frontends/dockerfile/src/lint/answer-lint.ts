import type { Bridge, FrontendRequest } from "@slipway/frontend-sdk";
import { InputError } from "@slipway/oci";
import type { SubrequestAnswer } from "../subrequest.ts";

/** Answers `frontend.lint`. */
export function answerLint(
  _request: FrontendRequest,
  _bridge: Bridge,
  _signal: AbortSignal,
): Promise<SubrequestAnswer> {
  throw new InputError("SUBREQUEST_UNSUPPORTED", "rules are not checked yet", {
    hint: "They come with the next change.",
  });
}
