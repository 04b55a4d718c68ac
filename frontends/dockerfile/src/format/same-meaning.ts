import type { DockerfileTree, InstructionNode } from "../syntax/syntax-tree.ts";
import { hasCommand, innermost } from "./pieces.ts";
import { shellWords } from "./shell-scanner.ts";

/** Fields of nodes that say where and how something is written, not what. */
const PLACES = new Set(["span", "valueSpan", "body", "end", "original", "comments", "keyword"]);

/**
 * What an instruction says, as a text that can be compared: places are left out, and how much white space separates the
 * words of a command.
 */
export function meaningOf(node: InstructionNode): string {
  const isCommand = hasCommand(innermost(node));
  return JSON.stringify(node, function (this: unknown, key, value: unknown) {
    if (PLACES.has(key)) return undefined;
    const { form } = this as { form?: string };
    if (form === "trigger" && key === "text") return undefined;
    if (form === "text" && key === "text" && isCommand) return shellWords((value as { text: string }).text);
    if (form === "healthcheck" && key === "type") return (value as { text: string }).text.toLowerCase();
    if (form === "words" && key === "words")
      return (value as { text: string }[]).map(({ text }) => (/^as$/i.test(text) ? "AS" : text));
    return value;
  });
}

/** The instructions of `tree` that say something else than those of `other` in their place; all when there are more or fewer. */
export function changedInstructions(tree: DockerfileTree, other: DockerfileTree): readonly number[] {
  if (tree.instructions.length !== other.instructions.length)
    return tree.instructions.map((_, index) => index);
  return tree.instructions.flatMap((node, index) =>
    meaningOf(node) === meaningOf(other.instructions[index]!) ? [] : [index],
  );
}

/** Whether directives and comments are the same. */
export function hasSameRemarks(tree: DockerfileTree, other: DockerfileTree): boolean {
  const remarks = ({ directives, comments }: DockerfileTree): string =>
    JSON.stringify([directives.map(({ name, value }) => [name, value]), comments.map(({ text }) => text)]);
  return remarks(tree) === remarks(other);
}
