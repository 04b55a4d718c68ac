import { parseHeredocOpening } from "../syntax/heredoc.ts";
import type { Checker } from "./checker.ts";
import type { CopyCommand } from "./command.ts";

/** The flags of COPY. */
export const COPY_FLAGS = {
  from: "text",
  chown: "text",
  chmod: "text",
  link: "bool",
  parents: "later",
  exclude: "later",
} as const;
/** The flags of ADD. */
export const ADD_FLAGS = {
  chown: "text", chmod: "text", link: "bool", exclude: "later", checksum: "later", "keep-git-dir": "later", unpack: "later",
} as const; // prettier-ignore

/** Checks COPY and ADD. */
export function checkCopy(checker: Checker): CopyCommand | undefined {
  const { node } = checker;
  const flags = checker.flags(node.name === "copy" ? COPY_FLAGS : ADD_FLAGS);
  if (checker.refuseHeredocs()) return undefined;
  const words = checker.list();
  if (words === undefined) return undefined;
  const dest = words.at(-1);
  if (dest === undefined || words.length < 2) {
    return checker.arguments(
      "needs a source and a destination",
      `Write ${checker.name} source… destination.`,
      dest?.span,
    );
  }
  if (parseHeredocOpening(dest.text, "\\") !== null) {
    return checker.arguments(
      "cannot have a here-document as its destination",
      "Write the destination last.",
      dest.span,
    );
  }
  const [from, chown, chmod] = [flags.text("from"), flags.text("chown"), flags.text("chmod")];
  if (from?.text.includes("$")) {
    checker.report(from.span, {
      code: "FLAG_VALUE",
      message: "--from takes no variables",
      hint: "Give the image a stage of its own, FROM ${NAME} AS name, and copy --from=name.",
    });
  }
  return {
    kind: node.name as CopyCommand["kind"],
    node,
    sources: words.slice(0, -1),
    dest,
    ...(from?.text ? { from } : {}),
    ...(chown?.text ? { chown } : {}),
    ...(chmod?.text ? { chmod } : {}),
    link: flags.bool("link"),
  };
}
