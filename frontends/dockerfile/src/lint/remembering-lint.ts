import type { FrontendMemory } from "@slipway/frontend-sdk";
import { sha256 } from "@slipway/oci";
import type { CheckedFile } from "../commands/stages.ts";
import type { BuildFindings } from "./build-findings.ts";
import { fileCheckOptions } from "./check-options.ts";
import type { LintFacts } from "./facts.ts";

/** Bump when the findings that a text gives in a build change; a test compares them with a sample. */
export const LINT_VERSION = 2;

/**
 * The findings of a build, which are remembered: a build of an unchanged file loads no rule.
 * @param facts what is known of the build, once for each platform
 * @throws InputError `DIRECTIVE_INVALID` when the file's check directive is wrong
 */
export async function findingsOfBuild(
  checked: CheckedFile,
  facts: readonly LintFacts[],
  memory: FrontendMemory | undefined,
): Promise<BuildFindings> {
  const { file, text } = checked.tree.source;
  const key = sha256(`dockerfile lint ${LINT_VERSION}\n${JSON.stringify([file, facts])}\n${text}`);
  const known = await memory?.get(key);
  if (known !== undefined) return JSON.parse(Buffer.from(known).toString("utf8")) as BuildFindings;
  const options = fileCheckOptions(checked.tree, facts[0]?.buildArgs?.["BUILDKIT_DOCKERFILE_CHECK"]);
  const { lintBuild } = await import("./lint-build.ts");
  const findings = lintBuild(checked, { facts, options });
  await memory?.put(key, Buffer.from(JSON.stringify(findings), "utf8"));
  return findings;
}
