import type { RunCommand } from "../../commands/command.ts";
import { parseHeredocOpening } from "../../syntax/heredoc.ts";
import type { WrongBytes } from "../load/decode-text.ts";
import { heredocBytes, withoutTabs } from "./heredoc-text.ts";
import type { Heredoc } from "../../syntax/syntax-tree.ts";

/** What a RUN in shell form hands to the shell. */
export interface RunScript {
  readonly text: string;
  /** The program that `text` is the path of, for a here-document that begins with `#!`. */
  readonly program?: { readonly name: string; readonly data: Uint8Array };
  /** A here-document that is all there is: progress shows its first line. */
  readonly lone?: Heredoc;
}

/** Where programs of here-documents are mounted. */
export const PIPES_FOLDER = "/dev/pipes/";

/** The body of a here-document as it is meant: without leading tabs for `<<-`. */
export function heredocBody({ content, stripTabs }: Heredoc): string {
  return stripTabs ? withoutTabs(content) : content;
}

/**
 * Puts together the text for the shell. A lone here-document is the script itself; others are the shell's business, which
 * gets the line and the documents as they are written. Nothing is expanded: the shell does that.
 * @param options.wrong what of the file is no UTF-8, if anything: a program is its bytes
 * @see Dockerfile reference, "Here-Documents"
 */
export function runScript(
  command: RunCommand,
  { escape, wrong }: { readonly escape: "\\" | "`"; readonly wrong: WrongBytes | undefined },
): RunScript {
  const { heredocs } = command.node;
  const line = command.line.args.join(" ");
  const [first] = heredocs;
  if (first === undefined) return { text: line };
  if (heredocs.length === 1 && parseHeredocOpening(line.trim(), escape) !== null) {
    const body = heredocBody(first);
    if (!body.startsWith("#!")) return { text: body, lone: first };
    return {
      text: PIPES_FOLDER + first.name,
      program: { name: first.name, data: heredocBytes(first, wrong) },
      lone: first,
    };
  }
  return { text: `${line}\n${heredocs.map(({ content, name }) => content + name).join("\n")}` };
}

/** What progress shows of a lone here-document: its first line, and dots when there is more. */
export function heredocSummary(heredoc: Heredoc): string {
  const lines = heredocBody(heredoc).trim().split("\n");
  return `(${lines[0]!.replace(/\r$/, "")}${lines.length > 1 ? "..." : ""})`;
}
