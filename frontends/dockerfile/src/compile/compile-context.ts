import type { Bridge, FrontendRequest } from "@slipway/frontend-sdk";
import type { CheckedFile } from "../commands/stages.ts";
import type { PlannedFile } from "../lint/collect-facts.ts";
import type { RememberingParser } from "../syntax/remembering-parser.ts";
import type { InstructionNode } from "../syntax/syntax-tree.ts";
import type { BuildFile } from "./load/load-build-file.ts";
import type { CompileOptions } from "./options.ts";

/** What the compilations for all platforms of a request share. */
export interface CompileContext {
  readonly request: FrontendRequest;
  readonly options: CompileOptions;
  readonly file: BuildFile;
  readonly checked: CheckedFile;
  /** The instructions that end in `#!COMMIT`; default: none. */
  readonly commits?: ReadonlySet<InstructionNode>;
  readonly parser: RememberingParser;
  readonly bridge: Bridge;
  readonly signal: AbortSignal;
  /** Told what is known before anything is emitted: rules look at it. */
  readonly onPlanned?: (planned: PlannedFile) => void;
}
