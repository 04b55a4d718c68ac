import type { ChownOpt, InputIndex, UserOpt } from "@slipway/ir";

function userOpt(text: string, input: InputIndex): UserOpt {
  if (text === "" || text === "root") return { kind: "id", id: 0 };
  return /^\d{1,10}$/.test(text) ? { kind: "id", id: Number(text) } : { kind: "name", name: text, input };
}

/** Reads `user`, `user:group`; undefined when empty. Names are looked up in the filesystem with the number `input`. */
export function parseOwner(text: string, input: InputIndex): ChownOpt | undefined {
  if (text === "") return undefined;
  const split = text.indexOf(":");
  if (split < 0) return { user: userOpt(text, input) };
  return { user: userOpt(text.slice(0, split), input), group: userOpt(text.slice(split + 1), input) };
}
