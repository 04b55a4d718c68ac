import { didYouMean } from "../did-you-mean.ts";
import type { Word } from "../syntax/syntax-tree.ts";
import { splitCsv } from "./csv.ts";
import { MountError } from "./mount.ts";

/** A `--device` of RUN. */
export interface DeviceSpec {
  /** A CDI name such as `vendor.com/class=name`, or a class. Variables are not expanded. */
  readonly name: Word;
  readonly required: boolean;
}

const KEYS = ["name", "required"];

/**
 * Reads the value of a `--device`: `name` or `name=…`, and `required`.
 * @throws MountError with the field that is wrong
 * @see Dockerfile reference, "RUN --device"
 */
export function readDevice(device: Word): DeviceSpec {
  let name: Word | undefined;
  let required = false;
  for (const [index, field] of splitCsv(device).entries()) {
    // CDI names hold an equals sign themselves: vendor.com/class=name.
    const match = /^(name|required)(?:=(.*))?$/is.exec(field.text);
    const key = match?.[1]?.toLowerCase();
    const value = match?.[2];
    if (key === "required") {
      const flag = value === undefined || /^(?:1|t|true)$/i.test(value);
      if (!flag && !/^(?:0|f|false)$/i.test(value)) fail(field, `required is true or false, not "${value}"`);
      required = flag;
    } else if (key === "name" && value !== undefined) name = { text: value, span: field.span };
    else if (index === 0 && (field.text.includes("/") || !field.text.includes("="))) name = field;
    else fail(field, `--device has no key "${field.text.split("=", 1)[0]}"`);
  }
  if (name === undefined || name.text === "") return fail(device, "--device names no device");
  return { name, required };
}

function fail(field: Word, message: string): never {
  const key = field.text.split("=", 1)[0] ?? "";
  throw new MountError(field, message, {
    code: "FLAG_VALUE",
    hint: didYouMean(
      KEYS.includes(key) ? "" : key,
      KEYS,
      "Write --device=vendor.com/class=name or --device=name,required.",
    ),
  });
}
