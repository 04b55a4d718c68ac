import type { ChownOpt, InputIndex, UserOpt } from "@slipway/ir";
import type { Span } from "../../syntax/source-text.ts";
import { failAt, type Site } from "../site-error.ts";

// The last number is what chown(2) takes for "leave it as it is".
const LAST_ID = 0xffff_fffe;

/** The number that a text is; undefined when it is a name. Negative ones count down from 2^32, as for BuildKit. */
function numberOf(text: string): number | undefined {
  if (!/^[-+]?\d+$/.test(text)) return undefined;
  const id = Number(text);
  if (id > LAST_ID) return undefined;
  return id < 0 && id >= -0x8000_0000 ? id + 0x1_0000_0000 : id;
}

function userOpt(text: string, input: InputIndex): UserOpt {
  if (text === "" || text === "root") return { kind: "id", id: 0 };
  const id = numberOf(text);
  return id === undefined ? { kind: "name", name: text, input } : { kind: "id", id };
}

/** Reads `user`, `user:group`; undefined when empty. Names are looked up in the filesystem with the number `input`. */
export function parseOwner(text: string, input: InputIndex): ChownOpt | undefined {
  if (text === "") return undefined;
  const split = text.indexOf(":");
  if (split < 0) return { user: userOpt(text, input) };
  return { user: userOpt(text.slice(0, split), input), group: userOpt(text.slice(split + 1), input) };
}

/**
 * Refuses numbers that no file can have as owner and, with `numbersOnly`, what must be looked up.
 * @throws InputError `CHOWN_INVALID`
 */
export function checkOwner(
  text: string,
  at: { readonly span: Span; readonly site: Site; readonly numbersOnly: boolean },
): void {
  const split = text.indexOf(":");
  for (const part of split < 0 ? [text] : [text.slice(0, split), text.slice(split + 1)]) {
    if (part === "" || part === "root") continue;
    const id = numberOf(part);
    // BuildKit takes -1, which changes nothing.
    if (id !== undefined && (id < 0 || id > LAST_ID) && Number(part) !== -1) return outOfRange(part, at);
    if (id === undefined && at.numbersOnly) {
      failAt(at.site, at.span, {
        code: "CHOWN_INVALID",
        message: `--link copies apart from the image, where "${part}" has no number`,
        hint: "Write the numbers, for example --chown=1000:1000, or leave --link out.",
      });
    }
  }
}

function outOfRange(part: string, at: { readonly span: Span; readonly site: Site }): never {
  return failAt(at.site, at.span, {
    code: "CHOWN_INVALID",
    message: `${part} is no number that a user or group can have`,
    hint: `They go up to ${LAST_ID}.`,
  });
}
