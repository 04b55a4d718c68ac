import type { Diagnostic } from "@slipway/frontend-sdk";
import { InputError } from "@slipway/oci";
import type { DockerfileErrorCode } from "../problems.ts";

/** The error of a file that asks to fail when it breaks rules, and does. */
export function lintViolation(
  violated: readonly string[],
  findings: readonly Pick<Diagnostic, "code" | "location">[],
): InputError<DockerfileErrorCode> {
  const first = findings.find(({ code }) => violated.includes(code));
  const rules = violated.length === 1 ? "a rule" : `${violated.length} rules`;
  return new InputError("LINT_VIOLATION", `the build file breaks ${rules}: ${violated.join(", ")}`, {
    hint: "The file asks to fail then (check=error=true): mend what the warnings say, or add skip=NAME to its check directive.",
    ...(first?.location === undefined ? {} : { location: first.location }),
    data: { rules: violated },
  });
}
