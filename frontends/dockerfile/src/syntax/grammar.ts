import { EmbeddedActionsParser, type IToken } from "chevrotain";
import { createTokens, type DockerfileTokens } from "./tokens.ts";

/** An instruction as the grammar sees it: tokens only. */
export interface RawInstruction {
  readonly keyword: IToken;
  readonly flags: readonly IToken[];
  readonly arguments: readonly IToken[];
  /** The instruction behind ONBUILD. */
  readonly trigger?: RawInstruction;
}

/**
 * The grammar. It takes every sequence of tokens that the lexer can produce: an unknown keyword, a flag or a number of
 * arguments that an instruction does not know are found later, all of them in one run.
 */
export class DockerfileGrammar extends EmbeddedActionsParser {
  readonly tokens: DockerfileTokens;
  readonly file: () => RawInstruction[];

  constructor(escape: "\\" | "`", options: { readonly validate?: boolean } = {}) {
    const tokens = createTokens(escape, options);
    super(tokens.all, {
      skipValidations: options.validate !== true,
      maxLookahead: 1,
      recoveryEnabled: false,
    });
    this.tokens = tokens;

    const instruction = this.RULE("instruction", (): RawInstruction =>
      this.OR([
        {
          ALT: () => {
            const keyword = this.CONSUME(tokens.onbuild);
            const trigger = this.OPTION(() => this.SUBRULE(instruction));
            return { keyword, flags: [], arguments: [], ...(trigger ? { trigger } : {}) };
          },
        },
        {
          ALT: () => {
            const keyword = this.CONSUME(tokens.keyword);
            const flags: IToken[] = [];
            const args: IToken[] = [];
            this.MANY(() => flags.push(this.CONSUME(tokens.flag)));
            this.MANY2(() => args.push(this.CONSUME(tokens.argument)));
            return { keyword, flags, arguments: args };
          },
        },
      ]),
    );

    this.file = this.RULE("file", () => {
      const instructions: RawInstruction[] = [];
      this.MANY(() => {
        instructions.push(this.SUBRULE(instruction));
        this.CONSUME(tokens.lineEnd);
      });
      return instructions;
    });
    this.performSelfAnalysis();
  }
}
