import { InputError } from "@slipway/oci";
import type { CompileContext } from "../compile/compile.ts";
import type { SubrequestAnswer } from "../subrequest.ts";

/** Answers `frontend.outline`. */
export function answerOutline(_context: CompileContext): Promise<SubrequestAnswer> {
  throw new InputError("SUBREQUEST_UNSUPPORTED", "outlines are not made yet", {
    hint: "They come with the next change.",
  });
}

/** Answers `frontend.targets`. */
export function answerTargets(_context: CompileContext): Promise<SubrequestAnswer> {
  throw new InputError("SUBREQUEST_UNSUPPORTED", "targets are not listed yet", {
    hint: "They come with the next change.",
  });
}
