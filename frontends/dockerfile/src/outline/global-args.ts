import { expandText } from "../expand/expand.ts";
import type { CompileContext } from "../compile/compile-context.ts";
import { platformArgs } from "../compile/options.ts";
import { expandWord } from "../compile/site-error.ts";
import type { InstructionNode, Word } from "../syntax/syntax-tree.ts";
import type { Platform } from "@slipway/oci";

/** An ARG before the first FROM. */
export interface GlobalArg {
  readonly name: string;
  readonly node: InstructionNode;
  readonly value: string | undefined;
  /** Further ones that its default looks at. */
  readonly uses: readonly GlobalArg[];
}

/** The arguments that FROM and valueless ARGs of stages see. */
export interface GlobalArgs {
  /** The predefined ones included. */
  readonly values: ReadonlyMap<string, string>;
  /** Those that the file declares. */
  readonly declared: ReadonlyMap<string, GlobalArg>;
  /** Those that the file declares and the word of a FROM looks at. */
  usedIn(word: Word): readonly GlobalArg[];
}

/**
 * Evaluates the ARGs before the first FROM, and remembers which of them look at which.
 * @throws InputError `EXPANSION_FAILED`
 */
export function readGlobalArgs({ request, options, checked }: CompileContext, target: Platform): GlobalArgs {
  const targetStage = options.target || (checked.stages.at(-1)?.name ?? "");
  const values = platformArgs({ build: request.buildPlatform, target, targetStage });
  for (const name of values.keys()) {
    const given = options.buildArgs.get(name);
    if (given !== undefined) values.set(name, given);
  }
  const { escape, source: site } = checked.tree;
  const declared = new Map<string, GlobalArg>();
  const usedIn = (word: Word): readonly GlobalArg[] => {
    const { used } = expandText(word.text, (name) => values.get(name), { escape });
    return [...used].flatMap((name) => declared.get(name) ?? []);
  };
  for (const { args, node } of checked.globalArgs) {
    for (const { key, value: word } of args) {
      const name = key.text;
      let value = options.buildArgs.get(name);
      let uses: readonly GlobalArg[] = [];
      if (value === undefined && word !== undefined) {
        value = expandWord(word, (each) => values.get(each), { escape, site });
        uses = usedIn(word);
      }
      if (value !== undefined) values.set(name, value);
      declared.set(name, { name, node, value: value ?? values.get(name), uses });
    }
  }
  return { values, declared, usedIn };
}
