import type { LintRule } from "./rule.ts";
import { addWhereCopyDoes } from "./rules/add-where-copy-does.ts";
import { aptGetAssumeYes } from "./rules/apt-get-assume-yes.ts";
import { aptGetUpdateAlone } from "./rules/apt-get-update-alone.ts";
import { argOutOfScope } from "./rules/arg-out-of-scope.ts";
import { baseImageDigest } from "./rules/base-image-digest.ts";
import { cdInRun } from "./rules/cd-in-run.ts";
import { consistentInstructionCasing } from "./rules/consistent-instruction-casing.ts";
import { copyBeforeInstall } from "./rules/copy-before-install.ts";
import { copyIgnoredFile } from "./rules/copy-ignored-file.ts";
import { duplicateKey } from "./rules/duplicate-key.ts";
import { duplicateStageName } from "./rules/duplicate-stage-name.ts";
import { exposeInvalidFormat } from "./rules/expose-invalid-format.ts";
import { exposeProtoCasing } from "./rules/expose-proto-casing.ts";
import { fromAsCasing } from "./rules/from-as-casing.ts";
import { fromPlatformFlagConstDisallowed } from "./rules/from-platform-flag-const-disallowed.ts";
import { heredocWithoutErrexit } from "./rules/heredoc-without-errexit.ts";
import { invalidBaseImagePlatform } from "./rules/invalid-base-image-platform.ts";
import { invalidDefaultArgInFrom } from "./rules/invalid-default-arg-in-from.ts";
import { invalidDefinitionDescription } from "./rules/invalid-definition-description.ts";
import { invalidEnvName } from "./rules/invalid-env-name.ts";
import { jsonArgsRecommended } from "./rules/json-args-recommended.ts";
import { legacyKeyValueFormat } from "./rules/legacy-key-value-format.ts";
import { maintainerDeprecated } from "./rules/maintainer-deprecated.ts";
import { multipleInstructionsDisallowed } from "./rules/multiple-instructions-disallowed.ts";
import { noEmptyContinuation } from "./rules/no-empty-continuation.ts";
import { packageCacheLeft } from "./rules/package-cache-left.ts";
import { pipeToShell } from "./rules/pipe-to-shell.ts";
import { preferNpmCi } from "./rules/prefer-npm-ci.ts";
import { redundantTargetPlatform } from "./rules/redundant-target-platform.ts";
import { relativeCopyDestination } from "./rules/relative-copy-destination.ts";
import { reservedStageName } from "./rules/reserved-stage-name.ts";
import { rootUser } from "./rules/root-user.ts";
import { secretsUsedInArgOrEnv } from "./rules/secrets-used-in-arg-or-env.ts";
import { stageNameCasing } from "./rules/stage-name-casing.ts";
import { sudoInRun } from "./rules/sudo-in-run.ts";
import { tokenInBuildFile } from "./rules/token-in-build-file.ts";
import { undefinedArgInFrom } from "./rules/undefined-arg-in-from.ts";
import { undefinedVar } from "./rules/undefined-var.ts";
import { unknownCheckRule } from "./rules/unknown-check-rule.ts";
import { unpinnedBaseImage } from "./rules/unpinned-base-image.ts";
import { unusedArg } from "./rules/unused-arg.ts";
import { unusedStage } from "./rules/unused-stage.ts";
import { workdirRelativePath } from "./rules/workdir-relative-path.ts";

/** BuildKit's rules. @see Docker documentation, "Build checks" */
export const BUILDKIT_RULES: readonly LintRule[] = [
  stageNameCasing,
  fromAsCasing,
  noEmptyContinuation,
  consistentInstructionCasing,
  duplicateStageName,
  reservedStageName,
  jsonArgsRecommended,
  maintainerDeprecated,
  undefinedArgInFrom,
  workdirRelativePath,
  undefinedVar,
  multipleInstructionsDisallowed,
  legacyKeyValueFormat,
  invalidBaseImagePlatform,
  redundantTargetPlatform,
  secretsUsedInArgOrEnv,
  invalidDefaultArgInFrom,
  fromPlatformFlagConstDisallowed,
  copyIgnoredFile,
  invalidDefinitionDescription,
  exposeProtoCasing,
  exposeInvalidFormat,
];

/** Our own. */
export const SLIPWAY_RULES: readonly LintRule[] = [
  aptGetAssumeYes,
  aptGetUpdateAlone,
  packageCacheLeft,
  unpinnedBaseImage,
  baseImageDigest,
  tokenInBuildFile,
  addWhereCopyDoes,
  copyBeforeInstall,
  cdInRun,
  sudoInRun,
  pipeToShell,
  rootUser,
  relativeCopyDestination,
  duplicateKey,
  invalidEnvName,
  unusedStage,
  unusedArg,
  preferNpmCi,
  heredocWithoutErrexit,
  argOutOfScope,
  unknownCheckRule,
];

/** All rules, in the order in which they are checked. */
export const RULES: readonly LintRule[] = [...BUILDKIT_RULES, ...SLIPWAY_RULES];
