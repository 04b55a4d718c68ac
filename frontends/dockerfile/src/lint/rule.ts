import type { Span } from "../syntax/source-text.ts";
import type { InstructionNode } from "../syntax/syntax-tree.ts";
import type { LintFix } from "./finding.ts";
import type { LintContext } from "./lint-context.ts";

/** What a rule says about one place. */
export interface Report {
  readonly span: Span;
  /** A sentence without a full stop, about this very place. */
  readonly message: string;
  /** What to do about it, when the message does not say so. */
  readonly hint?: string;
  /** The instruction that it is about: a `# check=` comment above it counts. */
  readonly node?: InstructionNode;
  /** A further instruction above which a `# check=` comment counts. */
  readonly otherNode?: InstructionNode;
  /** Lines as BuildKit names them, when they are not the instruction's. */
  readonly lines?: readonly number[];
  /** Place in the file of the stage whose build it is about; absent for the file as a whole. */
  readonly stage?: number;
  readonly fix?: LintFix;
  /** The line as it may be shown, when the file's own must not be repeated. */
  readonly excerpt?: string;
}

/**
 * A rule: a plain object without state. Rules read, and tell; they never throw for a file that is wrong.
 */
export interface LintRule {
  /** As `# check=skip=` and `--skip` know it. */
  readonly name: string;
  /** What the rule asks for, in one sentence without a full stop. */
  readonly description: string;
  readonly url: string;
  /** `buildkit` for the rules that every builder of Dockerfiles shares. */
  readonly origin: "buildkit" | "slipway";
  /** Checked only when `experimental=` names it, or all. */
  readonly experimental?: true;
  /** A matter of taste or policy: checked only when it is asked for by name. */
  readonly optIn?: true;
  /** Whether an ordinary build looks, too. All of BuildKit's do. */
  readonly inBuild: boolean;
  /** True when some findings come with a fix that `--fix` applies. */
  readonly fixable?: true;
  check(context: LintContext): Iterable<Report>;
}

const BUILDKIT_DOCUMENTATION = "https://docs.docker.com/go/dockerfile/rule/";
const SLIPWAY_DOCUMENTATION = "https://github.com/slipway-build/slipway/blob/main/docs/rules/";

/** `StageNameCasing` as `stage-name-casing`: the name of the rule's document. */
export function documentName(rule: string): string {
  return rule
    .replace(/([a-z\d])([A-Z])/g, "$1-$2")
    .replace(/([A-Z])([A-Z][a-z])/g, "$1-$2")
    .toLowerCase();
}

/** One of BuildKit's rules. */
export function buildkitRule(rule: Omit<LintRule, "url" | "origin" | "inBuild">): LintRule {
  return {
    ...rule,
    origin: "buildkit",
    inBuild: true,
    url: `${BUILDKIT_DOCUMENTATION}${documentName(rule.name)}/`,
  };
}

/** One of our own rules. */
export function slipwayRule(
  rule: Omit<LintRule, "url" | "origin" | "inBuild"> & { readonly inBuild?: true },
): LintRule {
  return {
    ...rule,
    origin: "slipway",
    inBuild: rule.inBuild === true,
    url: `${SLIPWAY_DOCUMENTATION}${documentName(rule.name)}.md`,
  };
}
