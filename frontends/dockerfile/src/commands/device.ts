import { didYouMean } from "../did-you-mean.ts";
import type { Word } from "../syntax/syntax-tree.ts";
import { splitCsv } from "./csv.ts";
import { MountError } from "./mount.ts";

/** A `--device` of RUN. */
export interface DeviceSpec {
  /** A CDI name such as `vendor.com/class=name`, or a class; empty when none is given. Variables are not expanded. */
  readonly name: Word;
  readonly required: boolean;
}

const KEYS = ["name", "required"];

/**
 * Reads the value of a `--device`: `name` or `name=…`, and `required`. A device without a name is one with an empty name.
 * @throws MountError with the field that is wrong
 * @see Dockerfile reference, "RUN --device"
 */
export function readDevice(device: Word): DeviceSpec {
  let name: Word = { text: "", span: device.span };
  let required = false;
  if (device.text === "") fail(device, "--device names no device");
  for (const field of splitCsv(device)) {
    const match = /^(name|required)(?:=(.*))?$/is.exec(field.text);
    const key = match?.[1]?.toLowerCase();
    const value = match?.[2];
    if (key === "required") {
      const flag = value === undefined || /^(?:1|t|true)$/i.test(value);
      if (!flag && !/^(?:0|f|false)$/i.test(value)) fail(field, `required is true or false, not "${value}"`);
      required = flag;
    } else if (key === "name" && value !== undefined) {
      if (name.text !== "") fail(field, `--device is "${name.text}" already`);
      name = { text: value, span: field.span };
    } else if (name.text === "") {
      // CDI names hold an equals sign themselves: vendor.com/class=name.
      name = field;
    } else fail(field, `--device has no key "${field.text.split("=", 1)[0]}"`);
  }
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
