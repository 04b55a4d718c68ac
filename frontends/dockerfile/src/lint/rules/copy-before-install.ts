import type { StageCommand } from "../../commands/command.ts";
import type { LintContext } from "../lint-context.ts";
import { slipwayRule } from "../rule.ts";
import { flagsOf, runs, type ShellCommand } from "../shell-script.ts";

interface Installer {
  readonly manifests: string;
  matches(command: ShellCommand): boolean;
}

function words(command: ShellCommand): readonly string[] {
  return command.words.slice(1).flatMap(({ text }) => (text.startsWith("-") ? [] : [text]));
}

/** Commands that install what a file of the project lists. */
const INSTALLERS: readonly Installer[] = [
  {
    manifests: "package.json package-lock.json",
    matches: (command) =>
      runs(command, "npm", ["ci"]) || (runs(command, "npm", ["install", "i"]) && words(command).length === 1 && !flagsOf(command).some((flag) => flag === "-g" || flag === "--global")),
  },
  {
    manifests: "package.json yarn.lock",
    matches: (command) => runs(command, "yarn") && (words(command).length === 0 || words(command).join() === "install"),
  },
  {
    manifests: "package.json pnpm-lock.yaml",
    matches: (command) => runs(command, "pnpm", ["install", "i"]) && words(command).length === 1,
  },
  {
    manifests: "requirements.txt",
    matches: (command) => runs(command, ["pip", "pip3"], ["install"]) && flagsOf(command).some((flag) => /^(?:-r|--requirement)/.test(flag)),
  },
  { manifests: "pyproject.toml poetry.lock", matches: (command) => runs(command, "poetry", ["install"]) },
  { manifests: "Gemfile Gemfile.lock", matches: (command) => runs(command, "bundle", ["install"]) },
  { manifests: "go.mod go.sum", matches: (command) => runs(command, "go", ["mod"]) && words(command)[1] === "download" },
  { manifests: "Cargo.toml Cargo.lock", matches: (command) => runs(command, "cargo", ["fetch"]) },
  { manifests: "composer.json composer.lock", matches: (command) => runs(command, "composer", ["install"]) },
]; // prettier-ignore

/** COPY of the whole context. */
function copiesAll(command: StageCommand): boolean {
  if ((command.kind !== "copy" && command.kind !== "add") || command.from !== undefined) return false;
  return (
    command.exclude.length === 0 &&
    command.sources.some(({ text }) => /^\.?\/?\.?$/.test(text) && text !== "")
  );
}

function installersOf(context: LintContext, command: StageCommand): readonly Installer[] {
  if (command.kind !== "run") return [];
  const commands = context.scripts(command.node).flatMap((script) => script.commands);
  return INSTALLERS.filter((installer) => commands.some((each) => installer.matches(each)));
}

export const copyBeforeInstall = slipwayRule({
  name: "CopyBeforeInstall",
  description:
    "Dependencies are installed before the whole context is copied, so that they stay in the cache",
  *check(context) {
    for (const stage of context.stages) {
      let copied: StageCommand | undefined;
      const done = new Set<Installer>();
      for (const command of stage.stage.commands) {
        if (copiesAll(command)) copied ??= command;
        for (const installer of installersOf(context, command)) {
          // A second installation, behind one that was done well, is for something else.
          if (copied !== undefined && !done.has(installer) && done.size === 0) {
            yield {
              span: copied.node.span,
              node: copied.node,
              stage: stage.stage.index,
              message: `every change of any file runs the installation in line ${context.source.position(command.node.span.start).line} again`,
              hint: `First COPY ${installer.manifests} ./ and install, then COPY the rest.`,
            };
          }
          done.add(installer);
        }
      }
    }
  },
});
