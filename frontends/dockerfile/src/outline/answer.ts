import type { CompileContext } from "../compile/compile-context.ts";
import type { SubrequestAnswer } from "../subrequest-answer.ts";
import { collectOutline } from "./collect-outline.ts";
import { readDescriptions } from "./descriptions.ts";
import { printOutline, printTargets } from "./print-answers.ts";
import { answerJson, answerLocation, type Outline, type TargetList } from "./subrequest-results.ts";

/** The version of the answers' shapes. @see BuildKit's frontend/subrequests */
const VERSION = "1.0.0";

function answerOf(value: Outline | TargetList, text: string): SubrequestAnswer {
  return {
    "result.json": Buffer.from(answerJson(value), "utf8"),
    "result.txt": Buffer.from(text, "utf8"),
    version: Buffer.from(VERSION, "utf8"),
  };
}

/** Answers `frontend.outline`: what the target of the request can be told from outside. */
export async function answerOutline(context: CompileContext): Promise<SubrequestAnswer> {
  const outline = await collectOutline(context);
  return answerOf(outline, printOutline(outline));
}

/** Answers `frontend.targets`: the stages of the file. */
export function answerTargets({ checked, file }: CompileContext): Promise<SubrequestAnswer> {
  const { source } = checked.tree;
  const descriptions = readDescriptions(checked.tree);
  const last = checked.stages.at(-1);
  const targets = checked.stages.map((stage) => {
    const { from, name } = stage;
    const description = name === "" ? undefined : descriptions.of(from.node, name);
    return {
      ...(name === "" ? {} : { name }),
      ...(stage === last ? { default: true as const } : {}),
      ...(description === undefined ? {} : { description }),
      base: from.image.text,
      ...(from.platform === undefined ? {} : { platform: from.platform.text }),
      location: answerLocation(source.locate(from.node.span)),
    };
  });
  const list = { targets, sources: [Buffer.from(file.bytes).toString("base64")] };
  return Promise.resolve(answerOf(list, printTargets(list)));
}
