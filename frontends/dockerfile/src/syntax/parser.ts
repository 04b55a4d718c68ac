import { InvariantError } from "@slipway/oci";
import type { IToken } from "chevrotain";
import { throwProblems, type Problem } from "../problems.ts";
import { readDirectives } from "./directives.ts";
import { DockerfileGrammar, type RawInstruction } from "./grammar.ts";
import { joinLines, type LogicalLine, type LogicalLines } from "./logical-lines.ts";
import { SourceText, type Span } from "./source-text.ts";
import type { Arguments, DockerfileTree, Flag, InstructionNode, Pair, Word } from "./syntax-tree.ts";
import type { ArgumentPayload, FlagPayload } from "./tokens.ts";
import { trimSpace, WORD_BLANKS } from "./white-space.ts";

const WORD_SPACE = new RegExp(`[${WORD_BLANKS}]+`);

function tokenEnd(token: IToken): number {
  return token.startOffset + token.image.length;
}

function payloadOf(token: IToken): ArgumentPayload {
  return token.payload as ArgumentPayload;
}

function textOf(token: IToken): string {
  const payload = payloadOf(token);
  return payload.kind === "shellWord" ? payload.text : token.image;
}

/** Makes the tree out of the grammar's tokens. */
class TreeBuilder {
  readonly #joined: LogicalLines;

  constructor(joined: LogicalLines) {
    this.#joined = joined;
  }

  instruction(raw: RawInstruction, line: LogicalLine): InstructionNode {
    const keyword = this.#tokenWord(raw.keyword);
    const name = keyword.text.toLowerCase();
    const lineEnd = this.#lineEnd(line);
    return {
      keyword,
      name,
      flags: raw.flags.map((token) => this.#flag(token)),
      arguments: this.#arguments(name, raw, line),
      heredocs: line.heredocs,
      original: trimSpace(this.#joined.joined.slice(raw.keyword.startOffset, lineEnd)),
      span: {
        start: keyword.span.start,
        end: line.heredocs.length > 0 ? line.sourceEnd : this.#source(lineEnd - 1, lineEnd).end,
      },
      comments: line.comments,
    };
  }

  /** Where a line ends in the joined text. */
  #lineEnd(line: LogicalLine): number {
    return this.#joined.joined.indexOf("\n", line.at);
  }

  #source(start: number, end: number): Span {
    return this.#joined.toSource({ start, end });
  }

  #tokenWord(token: IToken, text = token.image): Word {
    return { text, span: this.#source(token.startOffset, tokenEnd(token)) };
  }

  #flag(token: IToken): Flag {
    const { name, value, valueStart } = token.payload as FlagPayload;
    const span = this.#source(token.startOffset, tokenEnd(token));
    if (value === undefined || valueStart === undefined) return { name, span };
    return { name, value, span, valueSpan: this.#source(token.startOffset + valueStart, tokenEnd(token)) };
  }

  #arguments(name: string, raw: RawInstruction, line: LogicalLine): Arguments {
    if (raw.trigger !== undefined) {
      const instruction = this.instruction(raw.trigger, line);
      return { form: "trigger", instruction, text: instruction.original + line.trailing };
    }
    const [first, second] = raw.arguments;
    if (first === undefined) return { form: "none" };
    if (name === "env" || name === "label" || name === "arg")
      return { form: "pairs", pairs: this.#pairs(name, raw.arguments, line) };
    if (name === "healthcheck") {
      const command: Arguments = second === undefined ? { form: "none" } : this.#single(second);
      return { form: "healthcheck", type: this.#tokenWord(first), command };
    }
    if (payloadOf(first).kind === "word")
      return { form: "words", words: raw.arguments.map((token) => this.#tokenWord(token)) };
    return this.#single(first);
  }

  #single(token: IToken): Arguments {
    const payload = payloadOf(token);
    if (payload.kind !== "json") return { form: "text", text: this.#tokenWord(token) };
    const { items, invalid } = payload;
    const words = items.map(({ value, start, end }) => ({
      text: value,
      span: this.#source(token.startOffset + start, token.startOffset + end),
    }));
    return { form: "json", items: words, span: this.#source(token.startOffset, tokenEnd(token)), invalid };
  }

  #pairs(name: string, tokens: readonly IToken[], line: LogicalLine): Pair[] {
    const first = tokens[0]!;
    const firstText = textOf(first);
    if (name !== "arg" && !firstText.includes("=")) return [this.#oldPair(first, line)];
    return tokens.map((token) => {
      const text = textOf(token);
      const split = text.indexOf("=");
      const span = this.#source(token.startOffset, tokenEnd(token));
      if (split < 0) return { key: { text, span }, separator: "" as const, span };
      const written = token.image.indexOf("=");
      return {
        key: {
          text: text.slice(0, split),
          span: this.#source(token.startOffset, token.startOffset + written),
        },
        separator: "=" as const,
        value: {
          text: text.slice(split + 1),
          span: this.#source(token.startOffset + written + 1, tokenEnd(token)),
        },
        span,
      };
    });
  }

  /** `ENV name the rest of the line`: the name ends at the first white space, quoted or not. */
  #oldPair(first: IToken, line: LogicalLine): Pair {
    const start = first.startOffset;
    const end = this.#lineEnd(line);
    const rest = this.#joined.joined.slice(start, end);
    const space = WORD_SPACE.exec(rest);
    const span = this.#source(start, end);
    if (space === null) return { key: { text: rest, span }, separator: "", span };
    const valueStart = space.index + space[0].length;
    return {
      key: { text: rest.slice(0, space.index), span: this.#source(start, start + space.index) },
      separator: " ",
      value: { text: rest.slice(valueStart), span: this.#source(start + valueStart, end) },
      span,
    };
  }
}

/** Parses Dockerfiles. Making one costs milliseconds, parsing with it does not: keep it for as long as files come. */
export interface DockerfileParser {
  /** Parses a text and adds what is wrong with it to `problems`; the tree holds everything that is right. */
  parse(text: string, options: { readonly file: string; readonly problems: Problem[] }): DockerfileTree;
}

export function createDockerfileParser(): DockerfileParser {
  const grammars = new Map<string, DockerfileGrammar>();
  const grammarFor = (escape: "\\" | "`"): DockerfileGrammar => {
    let grammar = grammars.get(escape);
    if (grammar === undefined) grammars.set(escape, (grammar = new DockerfileGrammar(escape)));
    return grammar;
  };
  return {
    parse(text, { file, problems }) {
      const source = new SourceText(file, text);
      const directives = readDirectives(source, problems);
      const joined = joinLines(source, { escape: directives.escape, from: directives.end, problems });
      const grammar = grammarFor(directives.escape);
      const lexed = grammar.tokens.lexer.tokenize(joined.joined);
      grammar.input = lexed.tokens;
      const raw = grammar.file();
      const broken = lexed.errors[0]?.message ?? grammar.errors[0]?.message;
      if (broken !== undefined)
        throw new InvariantError(`the Dockerfile grammar does not take every text: ${broken}`);
      const builder = new TreeBuilder(joined);
      return {
        source,
        escape: directives.escape,
        directives: directives.list,
        comments: joined.comments,
        instructions: raw.map((instruction, index) => builder.instruction(instruction, joined.lines[index]!)),
      };
    },
  };
}

/**
 * Parses one file.
 * @throws InputError when the text is not a Dockerfile; `data.others` holds further mistakes.
 */
export function parseText(text: string, file: string): DockerfileTree {
  const problems: Problem[] = [];
  const tree = createDockerfileParser().parse(text, { file, problems });
  throwProblems(problems);
  return tree;
}
