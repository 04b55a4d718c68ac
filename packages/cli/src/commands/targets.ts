import { EXIT_OK } from "../exit-status.ts";
import type { Host } from "../host.ts";
import { askFrontend } from "./ask-frontend.ts";
import { checkAnswerFormat, placeOf, printAnswer, type AnswerFlags } from "./outline.ts";

/** `slipway targets`: the stages of a build file. */
export async function targetsCommand(place: string, flags: AnswerFlags, io: Host): Promise<number> {
  checkAnswerFormat(flags.format);
  const answer = await askFrontend({ requestid: "frontend.targets", ...placeOf(place, flags, io) }, io);
  await printAnswer(answer, flags.format, io);
  return EXIT_OK;
}
