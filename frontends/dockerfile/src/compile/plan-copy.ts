import type { CopyCommand } from "../commands/command.ts";
import type { Word } from "../syntax/syntax-tree.ts";
import { destinationPath, rootedPath } from "./paths.ts";
import type { Origin, PlacedCommand } from "./plan.ts";
import type { StagePlanner } from "./plan-stage.ts";
import { failAt } from "./site-error.ts";
import { stageLabel } from "./stage-plans.ts";

const REMOTE = /^(?:https?:\/\/|git:\/\/|ssh:\/\/|git@|github\.com\/)/;

/** Turns a COPY or ADD into a step. */
export function planCopy(planner: StagePlanner, command: CopyCommand, placed: PlacedCommand): void {
  const { plan, image } = planner;
  const { node } = command;
  const chown = command.chown === undefined ? "" : planner.expand(command.chown, placed);
  const chmod = command.chmod === undefined ? "" : planner.expand(command.chmod, placed);
  const sources = command.sources.map((source) => planner.expand(source, placed));
  const dest = planner.expand(command.dest, placed);
  for (const [index, source] of sources.entries())
    refuseRemote(command, { text: source, span: command.sources[index]!.span }, placed);
  const mode = chmod === "" ? -1 : parseMode({ text: chmod, span: command.chmod!.span }, placed);
  // Docker makes the layer the ordinary way when a mode is given.
  const link = command.link && mode < 0;
  if (link && chown !== "") refuseNames({ text: chown, span: command.chown!.span }, placed);
  const rooted = sources.map(rootedPath);
  const origin = copyOrigin(planner, placed, rooted);
  const verb = command.kind.toUpperCase();
  const flags = [
    ...(chown === "" ? [] : [`--chown=${chown}`]),
    ...(chmod === "" ? [] : [`--chmod=${chmod}`]),
  ];
  plan.steps.push({
    kind: "copy",
    name: planner.stepName(placed, node.original),
    source: node.original,
    span: placed.span,
    origin,
    sources: rooted,
    dest: destinationPath(planner.cwd, dest),
    chown,
    mode,
    unpack: command.kind === "add",
    link,
  });
  image.commit([verb, ...flags, ...sources, dest, "# buildkit"].join(" "), { layer: true });
}

function copyOrigin(planner: StagePlanner, placed: PlacedCommand, sources: readonly string[]): Origin {
  const from = placed.sources[0];
  if (from === undefined) {
    for (const source of sources) planner.scope.contextPaths.add(source);
    return { kind: "context" };
  }
  if (!from.planned && from.stage !== undefined) {
    const command = placed.command as CopyCommand;
    failAt(placed, command.from!.span, {
      code: "STAGE_NOT_READY",
      message: `cannot copy from stage ${stageLabel(from)}: it comes after this one`,
      hint: "Move it before this stage.",
    });
  }
  for (const source of sources) from.usedPaths.add(source);
  return { kind: "stage", plan: from };
}

function refuseRemote(command: CopyCommand, source: Word, placed: PlacedCommand): void {
  if (!REMOTE.test(source.text)) return;
  if (command.kind === "copy") {
    failAt(placed, source.span, {
      code: "INSTRUCTION_ARGUMENTS",
      message: `COPY takes files, not URLs: "${source.text}"`,
      hint: "Fetch it in a RUN, or outside of the build.",
    });
  }
  failAt(placed, source.span, {
    code: "NOT_SUPPORTED_YET",
    message: `ADD of URLs and git repositories is not supported yet: "${source.text}"`,
    hint: "Fetch it in a RUN, or outside of the build.",
  });
}

function parseMode(chmod: Word, placed: PlacedCommand): number {
  const mode = /^[0-7]{1,11}$/.test(chmod.text) ? Number.parseInt(chmod.text, 8) : Number.NaN;
  if (mode <= 0o7777) return mode;
  if (/^[ugoa]*[-+=]/.test(chmod.text)) {
    return failAt(placed, chmod.span, {
      code: "NOT_SUPPORTED_YET",
      message: `symbolic modes such as "${chmod.text}" are not supported yet`,
      hint: "Write the mode in octal, for example --chmod=755.",
    });
  }
  return failAt(placed, chmod.span, {
    code: "CHMOD_INVALID",
    message: `"${chmod.text}" is not a mode`,
    hint: "Write it in octal, between 0 and 7777, for example --chmod=755.",
  });
}

function refuseNames(chown: Word, placed: PlacedCommand): void {
  for (const part of chown.text.split(":")) {
    if (part === "" || part === "root" || /^\d+$/.test(part)) continue;
    failAt(placed, chown.span, {
      code: "CHOWN_INVALID",
      message: `--link copies apart from the image, where "${part}" has no number`,
      hint: "Write the numbers, for example --chown=1000:1000, or leave --link out.",
    });
  }
}
