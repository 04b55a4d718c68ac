import type { Span } from "../../syntax/source-text.ts";
import { failAt, type Site } from "../site-error.ts";

const CLAUSES = /^[ugoa]*(?:[-+=][rwxXstugo]*)+(?:,[ugoa]*(?:[-+=][rwxXstugo]*)+)*$/;

/**
 * What `--chmod` says, expanded: an octal number, or changes such as `u=rwX,go=rX`. `mode` is -1 when it says nothing.
 * @throws InputError `CHMOD_INVALID`
 */
export function readChmod(
  text: string,
  at: { readonly span: Span | undefined; readonly site: Site & { readonly span: Span } },
): { readonly mode: number; readonly modeChanges: string } {
  if (text === "") return { mode: -1, modeChanges: "" };
  if (/^[0-7]+$/.test(text)) {
    const mode = Number.parseInt(text, 8);
    if (mode <= 0o7777) return { mode, modeChanges: "" };
  }
  if (CLAUSES.test(text)) return { mode: 0, modeChanges: text };
  return failAt(at.site, at.span ?? at.site.span, {
    code: "CHMOD_INVALID",
    message: `"${text}" is not a mode`,
    hint: /^\d/.test(text)
      ? "Write it in octal, between 0 and 7777, for example --chmod=755."
      : "Write it in octal, for example --chmod=755, or as changes, for example --chmod=u=rwX,go=rX.",
  });
}
