import { parseHeredocOpening, type HeredocOpening } from "../syntax/heredoc.ts";
import type { Span } from "../syntax/source-text.ts";
import type { Heredoc, Word } from "../syntax/syntax-tree.ts";
import type { CheckedFlags, Checker } from "./checker.ts";
import type { CopyCommand } from "./command.ts";

/** What COPY takes. */
export const COPY_FLAGS = {
  from: "text", chown: "text", chmod: "text", link: "bool", parents: "bool", exclude: "texts", archive: "bool",
} as const; // prettier-ignore
/** What ADD takes. */
export const ADD_FLAGS = {
  chown: "text", chmod: "text", link: "bool", exclude: "texts", checksum: "text", "keep-git-dir": "bool", unpack: "bool",
} as const; // prettier-ignore

/** Checks COPY and ADD. */
export function checkCopy(checker: Checker): CopyCommand | undefined {
  const { node } = checker;
  const flags = checker.flags(node.name === "copy" ? COPY_FLAGS : ADD_FLAGS);
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
  const [from, chown, chmod, checksum] = (["from", "chown", "chmod", "checksum"] as const).map((name) => {
    const word = flags.text(name);
    return word?.text ? word : undefined;
  });
  if (from?.text.includes("$")) {
    checker.report(from.span, {
      code: "FLAG_VALUE",
      message: "--from takes no variables",
      hint: "Give the image a stage of its own, FROM ${NAME} AS name, and copy --from=name.",
    });
  }
  const keepGitDir = given(flags, "keep-git-dir");
  const unpack = given(flags, "unpack");
  return {
    kind: node.name as CopyCommand["kind"],
    node,
    sources: words.slice(0, -1),
    heredocs: heredocsOf(words.slice(0, -1), node.heredocs),
    dest,
    ...(from === undefined ? {} : { from }),
    ...(chown === undefined ? {} : { chown }),
    ...(chmod === undefined ? {} : { chmod }),
    ...(checksum === undefined ? {} : { checksum }),
    link: flags.bool("link"),
    parents: flags.bool("parents"),
    archive: archive(checker, flags, chown),
    exclude: flags.texts("exclude"),
    ...(keepGitDir === undefined ? {} : { keepGitDir }),
    ...(unpack === undefined ? {} : { unpack }),
  };
}

/** A flag that means something when it is false, too. */
function given(flags: CheckedFlags, name: string): boolean | undefined {
  return flags.text(name) === undefined ? undefined : flags.bool(name);
}

function archive(checker: Checker, flags: CheckedFlags, chown: Word | undefined): boolean {
  if (!flags.bool("archive")) return false;
  if (chown !== undefined) {
    checker.report(chown.span, {
      code: "FLAG_CONFLICT",
      message: "--archive keeps the files' owner, --chown sets another",
      hint: "Remove one of the two.",
    });
  }
  return true;
}

function emptyHeredoc({ name, expand, stripTabs }: HeredocOpening, span: Span): Heredoc {
  const nothing = { start: span.end, end: span.end };
  return { name, expand, stripTabs, content: "", span, body: nothing, end: nothing };
}

/**
 * The here-document of each source that is one. Names that occur twice are taken in their order. What is spelled like one
 * in a JSON array has no body, and is an empty one, as for BuildKit.
 */
function heredocsOf(
  sources: readonly Word[],
  heredocs: readonly Heredoc[],
): readonly (Heredoc | undefined)[] {
  const left = [...heredocs];
  return sources.map(({ text, span }) => {
    const opening = parseHeredocOpening(text, "\\");
    if (opening === null) return undefined;
    const at = left.findIndex(({ name }) => name === opening.name);
    return at < 0 ? emptyHeredoc(opening, span) : left.splice(at, 1)[0];
  });
}
