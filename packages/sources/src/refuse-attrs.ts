import type { SourceOp } from "@slipway/ir";
import { InputError } from "@slipway/oci";

/**
 * Refuses attributes that ask for more than this version does, where doing less would be wrong: a signature that is
 * not checked, a file of another kind.
 * @throws InputError `SOURCE_UNSUPPORTED`
 */
export function refuseAttrs(op: SourceOp, unsupported: RegExp): void {
  const attr = Object.keys(op.attrs).find((name) => unsupported.test(name));
  if (attr === undefined) return;
  throw new InputError("SOURCE_UNSUPPORTED", `"${attr}" of a source is not supported yet`, {
    hint: "Pin the content by its checksum instead.",
    data: { attr },
  });
}
