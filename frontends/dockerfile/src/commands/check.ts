import { didYouMean } from "../did-you-mean.ts";
import type { Problem } from "../problems.ts";
import type { SourceText } from "../syntax/source-text.ts";
import type { InstructionNode, Word } from "../syntax/syntax-tree.ts";
import { trimSpace } from "../syntax/white-space.ts";
import { checkCopy } from "./check-copy.ts";
import { checkRun } from "./check-run.ts";
import { Checker } from "./checker.ts";
import type { ArgCommand, Assignment, Command, FromCommand, TextCommand } from "./command.ts";
import { checkHealthcheck } from "./healthcheck.ts";

/** The instructions of the language, in capitals. */
export const INSTRUCTIONS = [
  "ADD", "ARG", "CMD", "COPY", "ENTRYPOINT", "ENV", "EXPOSE", "FROM", "HEALTHCHECK",
  "LABEL", "MAINTAINER", "ONBUILD", "RUN", "SHELL", "STOPSIGNAL", "USER", "VOLUME", "WORKDIR",
] as const; // prettier-ignore

const STAGE_NAME = /^[a-z][a-z0-9-_.]*$/;

/** The flags of FROM. */
export const FROM_FLAGS = { platform: "text" } as const;

function checkFrom(checker: Checker): FromCommand | undefined {
  const { node } = checker;
  const flags = checker.flags(FROM_FLAGS);
  const words = node.arguments.form === "words" ? node.arguments.words : [];
  const [image, as, name, extra] = words;
  if (image === undefined)
    return checker.arguments("needs an image", "For example: FROM debian:trixie-slim AS build");
  if (as !== undefined && as.text.toLowerCase() !== "as") {
    return checker.arguments(
      `takes an image and AS name, not "${as.text}"`,
      "Write FROM image AS name.",
      as.span,
    );
  }
  if (as !== undefined && (name === undefined || extra !== undefined)) {
    return checker.arguments("takes one name behind AS", "Write FROM image AS name.", (extra ?? as).span);
  }
  if (name !== undefined && !STAGE_NAME.test(name.text.toLowerCase())) {
    return checker.report(name.span, {
      code: "STAGE_NAME_INVALID",
      message: `"${name.text}" cannot be the name of a stage`,
      hint: "Names start with a letter and go on with letters, digits, dots, dashes and underscores.",
    });
  }
  const platform = flags.text("platform");
  return {
    kind: "from",
    node,
    image,
    ...(name === undefined ? {} : { name }),
    ...(platform?.text ? { platform } : {}),
  };
}

function checkAssignments(checker: Checker): readonly Assignment[] | undefined {
  checker.flags({});
  const args = checker.node.arguments;
  if (args.form !== "pairs")
    return checker.arguments("needs a name and a value", `Write ${checker.name} name=value.`);
  const pairs: Assignment[] = [];
  for (const { key, separator, value, span } of args.pairs) {
    if (key.text === "")
      checker.arguments("has a value without a name", `Write ${checker.name} name=value.`, span);
    else if (value !== undefined) pairs.push({ key, value });
    else if (separator === "" && args.pairs.length === 1) {
      checker.arguments(`needs a value for ${key.text}`, `Write ${checker.name} ${key.text}=value.`, span);
    } else {
      checker.arguments(
        `has "${key.text}" without a =`,
        "Write name=value, and quotes around values with spaces.",
        span,
      );
    }
  }
  return pairs;
}

function checkArg(checker: Checker): ArgCommand | undefined {
  checker.flags({}, "warning");
  const args = checker.node.arguments;
  if (args.form !== "pairs") return checker.arguments("needs a name", "Write ARG name or ARG name=default.");
  for (const { key, span } of args.pairs) {
    if (key.text === "") checker.arguments("has a value without a name", "Write ARG name=default.", span);
  }
  return {
    kind: "arg",
    node: checker.node,
    args: args.pairs.map(({ key, value }) => ({ key, ...(value ? { value } : {}) })),
  };
}

function checkText(checker: Checker): TextCommand | undefined {
  const { node } = checker;
  checker.flags({}, node.name === "stopsignal" ? "warning" : "error");
  if (node.arguments.form !== "text")
    return checker.arguments("needs one argument", `Write it behind ${checker.name}.`);
  return { kind: node.name as TextCommand["kind"], node, text: node.arguments.text };
}

function checkOnbuild(checker: Checker, source: SourceText, problems: Problem[]): Command | undefined {
  const { node } = checker;
  checker.flags({});
  if (node.arguments.form !== "trigger")
    return checker.arguments("needs an instruction", "For example: ONBUILD COPY . /app");
  const inner = node.arguments.instruction;
  const name = inner.name.toUpperCase();
  if (name.startsWith("--")) {
    return checker.report(inner.keyword.span, {
      code: "FLAG_UNKNOWN",
      message: `ONBUILD has no flag ${inner.keyword.text}`,
      hint: "Flags stand behind the instruction that they belong to: ONBUILD RUN --flag.",
    });
  }
  if (name === "ONBUILD" || name === "FROM" || name === "MAINTAINER") {
    return checker.arguments(
      `cannot hold ${name}`,
      "Write the instruction in the Dockerfile that builds on this image.",
      inner.keyword.span,
    );
  }
  // The trigger runs in somebody else's build: like Docker this one goes on, but a mistake in it is better told now.
  const found: Problem[] = [];
  checkInstruction(inner, source, found);
  const { arguments: args } = inner;
  const lacksValue =
    args.form === "pairs" && name !== "ARG" && args.pairs.some(({ value }) => value === undefined);
  const isRefused = ({ code }: Problem): boolean =>
    code === "JSON_NOT_STRINGS" || (lacksValue && code === "INSTRUCTION_ARGUMENTS");
  for (const problem of found)
    problems.push(isRefused(problem) ? problem : { ...problem, severity: "warning" });
  if (found.some(isRefused)) return undefined;
  const bodies = node.heredocs.map(({ content, name: end }) => `\n${content}${end}`);
  return { kind: "onbuild", node, trigger: node.arguments.text + bodies.join("") };
}

/** What an unknown instruction was probably meant to be. */
function unknownHint({ text, span }: Word, source: SourceText): string {
  const { line, column } = source.position(span.start);
  const above = source.line(line - 1).trim();
  // Something ended the instruction above that looks like going on.
  if (/(?:^|[^\\])\\$/.test(above) && !above.startsWith("#"))
    return 'The line above ends with a backslash, which continues nothing here: "# escape=`" makes ` the character that does.';
  if (/^(?:&&?|\|\|?|;|-|\))/.test(text))
    return "If this goes on with the line above, end that line with a backslash.";
  if (column === 1 && /^(?:<{7}|={7}|>{7}|\|{7})$/.test(text))
    return "Resolve the conflict that a merge has left here.";
  if (/^[\w-]+:$/.test(text) && line === 1)
    return "This looks like YAML, not like a Dockerfile: name the build file with --file.";
  return didYouMean(text, INSTRUCTIONS, `The instructions are ${INSTRUCTIONS.join(", ")}.`);
}

function checkByName(checker: Checker, source: SourceText, problems: Problem[]): Command | undefined {
  const { node } = checker;
  switch (node.name) {
    case "from":
      return checkFrom(checker);
    case "env":
    case "label": {
      const pairs = checkAssignments(checker);
      return pairs && { kind: node.name, node, pairs };
    }
    case "arg":
      return checkArg(checker);
    case "run":
      return checkRun(checker);
    case "copy":
    case "add":
      return checkCopy(checker);
    case "cmd":
    case "entrypoint": {
      checker.flags({});
      const line = checker.commandLine(node.arguments);
      return line && { kind: node.name, node, line };
    }
    case "shell": {
      checker.flags({});
      const line = checker.commandLine(node.arguments);
      if (line === undefined) return undefined;
      if (line.form === "shell" || line.args.length === 0) {
        return checker.arguments(
          "needs a JSON array",
          'For example: SHELL ["/bin/bash", "-o", "pipefail", "-c"]',
        );
      }
      return { kind: "shell", node, shell: line.args };
    }
    case "workdir":
    case "user":
    case "stopsignal":
    case "maintainer":
      return checkText(checker);
    case "volume":
    case "expose": {
      checker.flags({});
      const written = checker.list();
      if (written === undefined) return undefined;
      const isVolume = node.name === "volume";
      const items = isVolume ? written.map((item) => ({ ...item, text: trimSpace(item.text) })) : written;
      if (items.length === 0)
        return checker.arguments("needs at least one argument", `Write it behind ${checker.name}.`);
      const empty = isVolume ? items.find(({ text }) => text === "") : undefined;
      if (empty !== undefined)
        return checker.report(empty.span, {
          code: "VOLUME_EMPTY",
          message: "a VOLUME is empty",
          hint: "Write a path, or remove it.",
        });
      return { kind: node.name, node, items };
    }
    case "healthcheck":
      return checkHealthcheck(checker);
    case "onbuild":
      return checkOnbuild(checker, source, problems);
    default:
      return checker.report(node.keyword.span, {
        code: "INSTRUCTION_UNKNOWN",
        message: `unknown instruction ${node.keyword.text}`,
        hint:
          node.name === "include"
            ? "Fragments are an extension of Slipway: turn it on by the line # slipway=include at the top of the file."
            : unknownHint(node.keyword, source),
      });
  }
}

/** Checks one instruction's flags and arguments. Mistakes are added to `problems`, and the result is then undefined. */
export function checkInstruction(
  node: InstructionNode,
  source: SourceText,
  problems: Problem[],
): Command | undefined {
  const checker = new Checker(node, source, problems);
  const command = checkByName(checker, source, problems);
  return checker.failed ? undefined : command;
}
