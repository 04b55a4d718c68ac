import type { StageCommand } from "../commands/command.ts";
import type { Heredoc, Word } from "../syntax/syntax-tree.ts";

/** What has variables: a word, or a here-document that COPY and ADD expand. */
export type Expandable = Word | Heredoc;

/** The words of an instruction in which builders replace variables, in the order in which they do. */
export function expandedWords(command: Exclude<StageCommand, { kind: "arg" }>): readonly Expandable[] {
  switch (command.kind) {
    case "env":
    case "label":
      return command.pairs.flatMap(({ key, value }) => [key, value]);
    case "copy":
    case "add":
      return [
        ...[command.chown, command.chmod, command.checksum].filter((word) => word !== undefined),
        ...command.sources.filter((_, index) => command.heredocs[index] === undefined),
        ...command.heredocs.filter((heredoc) => heredoc !== undefined).filter(({ expand }) => expand),
        command.dest,
      ];
    case "run":
      return command.mounts;
    case "workdir":
    case "user":
    case "stopsignal":
      return [command.text];
    case "volume":
    case "expose":
      return command.items;
    default:
      return [];
  }
}
