import type { HealthConfig } from "@slipway/oci";
import type { Word } from "../syntax/syntax-tree.ts";
import type { CheckedFlags, Checker } from "./checker.ts";
import type { HealthcheckCommand } from "./command.ts";
import { parseDurationNs } from "./duration.ts";

/** The flags of HEALTHCHECK. */
export const HEALTHCHECK_FLAGS = {
  interval: "text",
  timeout: "text",
  "start-period": "text",
  "start-interval": "text",
  retries: "text",
} as const;
const MINIMUM_NS = 1e6;

function duration(checker: Checker, name: string, flag: Word | undefined): number {
  if (flag === undefined || flag.text === "") return 0;
  const ns = parseDurationNs(flag.text);
  if (ns !== null && (ns === 0 || ns >= MINIMUM_NS)) return ns;
  checker.report(flag.span, {
    code: "FLAG_VALUE",
    message: ns === null ? `"${flag.text}" is not a duration` : `--${name} cannot be less than 1ms`,
    hint: "Write numbers with units, for example 30s, 1m30s or 500ms.",
  });
  return 0;
}

function retries(checker: Checker, flag: Word | undefined): number {
  if (flag === undefined || flag.text === "") return 0;
  if (/^\+?\d{1,9}$/.test(flag.text)) return Number(flag.text);
  checker.report(flag.span, {
    code: "FLAG_VALUE",
    message: `--retries is a number from 0 on, not "${flag.text}"`,
    hint: "Write for example --retries=3.",
  });
  return 0;
}

function options(checker: Checker, flags: CheckedFlags): Omit<HealthConfig, "Test"> {
  return {
    Interval: duration(checker, "interval", flags.text("interval")),
    Timeout: duration(checker, "timeout", flags.text("timeout")),
    StartPeriod: duration(checker, "start-period", flags.text("start-period")),
    StartInterval: duration(checker, "start-interval", flags.text("start-interval")),
    Retries: retries(checker, flags.text("retries")),
  };
}

/** `HEALTHCHECK [options] CMD …` or `HEALTHCHECK NONE`. */
export function checkHealthcheck(checker: Checker): HealthcheckCommand | undefined {
  const { node } = checker;
  const args = node.arguments;
  const isNone = args.form === "healthcheck" && args.type.text.toUpperCase() === "NONE";
  const flags = checker.flags(HEALTHCHECK_FLAGS, isNone ? "warning" : "error");
  if (args.form !== "healthcheck")
    return checker.arguments(
      "needs CMD and a command, or NONE",
      "For example: HEALTHCHECK CMD wget -q -O- http://localhost/",
    );
  const type = args.type.text.toUpperCase();
  if (isNone) {
    if (args.command.form !== "none")
      return checker.arguments("NONE takes no arguments", "Remove what follows NONE.", args.type.span);
    return { kind: "healthcheck", node, config: { Test: ["NONE"] } };
  }
  if (type !== "CMD") {
    return checker.arguments(
      `has no type "${args.type.text}"`,
      "Write CMD before the command, or NONE alone.",
      args.type.span,
    );
  }
  const line = checker.commandLine(args.command);
  if (line === undefined) return undefined;
  if (line.args.length === 0)
    return checker.arguments("CMD has no command", "Write the command behind CMD.", args.type.span);
  const test = [line.form === "exec" ? "CMD" : "CMD-SHELL", ...line.args];
  return { kind: "healthcheck", node, config: { Test: test, ...options(checker, flags) } };
}
