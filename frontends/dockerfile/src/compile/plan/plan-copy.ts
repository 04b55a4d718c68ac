import type { CopyCommand } from "../../commands/command.ts";
import { readChmod } from "./chmod.ts";
import { copyParts } from "./copy-parts.ts";
import { checkOwner } from "./owner.ts";
import { destinationPath } from "../paths.ts";
import type { PlacedCommand } from "./plan.ts";
import type { StepPlanner } from "./step-planner.ts";

/** Turns a COPY or ADD into a step. */
export function planCopy(planner: StepPlanner, command: CopyCommand, placed: PlacedCommand): void {
  const { plan, image } = planner;
  const { node } = command;
  const chown = command.chown === undefined ? "" : planner.expand(command.chown, placed);
  const chmod = command.chmod === undefined ? "" : planner.expand(command.chmod, placed);
  // The names of here-documents are taken as they are.
  const sources = command.sources.map((word, index) =>
    command.heredocs[index] === undefined ? planner.expand(word, placed) : word.text,
  );
  const dest = planner.expand(command.dest, placed);
  const change = readChmod(chmod, { span: command.chmod?.span, site: placed });
  // Docker makes the layer the ordinary way when a mode is given.
  const link = command.link && chmod === "";
  if (chown !== "") checkOwner(chown, { span: command.chown!.span, site: placed, numbersOnly: link });
  const parts = copyParts(planner, { command, placed, sources });
  const verb = command.kind.toUpperCase();
  const flags = [
    ...(command.parents ? ["--parents"] : []),
    ...(chown === "" ? [] : [`--chown=${chown}`]),
    ...(chmod === "" ? [] : [`--chmod=${chmod}`]),
  ];
  const written = [
    ...sources.filter((_, index) => command.heredocs[index] === undefined),
    ...command.heredocs.flatMap((heredoc) => (heredoc === undefined ? [] : [`<<${heredoc.name}`])),
  ];
  plan.steps.push({
    kind: "copy",
    name: planner.stepName(placed, node.original),
    source: node.original,
    span: placed.span,
    parts,
    dest: destinationPath(planner.cwd, dest),
    chown,
    ...change,
    exclude: command.exclude.map(({ text }) => text),
    archive: command.archive,
    link,
  });
  image.commit([verb, ...flags, ...written, dest, "# buildkit"].join(" "), { layer: true });
}
