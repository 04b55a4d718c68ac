import fc from "fast-check";
import type { Arguments, DockerfileTree, InstructionNode, Word } from "./syntax-tree.ts";

/** What a tree says, without places. */
export interface PlainInstruction {
  readonly name: string;
  readonly flags: readonly (readonly [name: string, value: string | undefined])[];
  readonly args: unknown;
  readonly heredocs: readonly (readonly [
    name: string,
    expand: boolean,
    stripTabs: boolean,
    content: string,
  ])[];
  readonly comments: readonly string[];
}

/** A file and what it has to parse to. */
export interface PrintedFile {
  readonly text: string;
  readonly escape: "\\" | "`";
  readonly instructions: readonly PlainInstruction[];
}

const texts = (words: readonly Word[]): readonly string[] => words.map(({ text }) => text);

function plainArguments(args: Arguments): unknown {
  switch (args.form) {
    case "none":
      return ["none"];
    case "words":
      return ["words", ...texts(args.words)];
    case "json":
      return ["json", ...texts(args.items)];
    case "text":
      return ["text", args.text.text];
    case "pairs":
      return ["pairs", ...args.pairs.map(({ key, separator, value }) => [key.text, separator, value?.text])];
    case "healthcheck":
      return ["healthcheck", args.type.text, plainArguments(args.command)];
    case "trigger":
      // The instruction behind ONBUILD has the comments of the whole, too.
      return ["trigger", { ...plainInstruction(args.instruction), comments: [] }];
  }
}

function plainInstruction(node: InstructionNode): PlainInstruction {
  return {
    name: node.name,
    flags: node.flags.map(({ name, value }) => [name, value]),
    args: plainArguments(node.arguments),
    heredocs: node.heredocs.map(({ name, expand, stripTabs, content }) => [name, expand, stripTabs, content]),
    comments: node.comments.map(({ text }) => text),
  };
}

/** Takes the places off a tree. */
export function plainTree(tree: DockerfileTree): readonly PlainInstruction[] {
  return tree.instructions.map(plainInstruction);
}

/** An instruction as it is written, and what it says. */
interface Written {
  readonly text: string;
  readonly plain: PlainInstruction;
}

const letters = "abcXYZ019._/$:@é%+,;~";
const bare = fc.string({ unit: fc.constantFrom(...letters), minLength: 1, maxLength: 8 });
const name = fc.string({ unit: fc.constantFrom(..."abcXYZ_"), minLength: 1, maxLength: 6 });
const comment = fc
  .string({ unit: fc.constantFrom(..."ab \\`'\"<[é"), maxLength: 8 })
  .map((text) => text.trim());
const lineEnd = fc.constantFrom("\n", "\r\n");

interface Style {
  readonly escape: "\\" | "`";
}

/** White space between words: blanks, or the rest of a continued line with comments and empty lines behind it. */
function gap({ escape }: Style): fc.Arbitrary<string> {
  const between = fc.oneof(
    comment.map((text) => `  # ${text}\n`),
    fc.constantFrom("\n", " \t\r\n"),
  );
  return fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom(" ", "  ", "\t", " \v") },
    {
      weight: 1,
      arbitrary: fc
        .tuple(
          fc.constantFrom("", " ", " \t"),
          lineEnd,
          fc.array(between, { maxLength: 2 }),
          fc.constantFrom(" ", "\t "),
        )
        .map(([blank, end, lines, indent]) => ` ${escape}${blank}${end}${lines.join("")}${indent}`),
    },
  );
}

/** Words with gaps between them, each gap its own. */
function spaced(words: readonly string[], style: Style): fc.Arbitrary<string> {
  const gaps = fc.array(gap(style), { minLength: words.length, maxLength: words.length });
  return gaps.map((each) => words.map((word, index) => each[index]! + word).join(""));
}

const jsonItem = fc.string({ unit: fc.constantFrom(..."ab \t\n\"\\'[],é\u{1F6A2}"), maxLength: 6 });
/** A text may not look like an array, a flag or a here-document, nor begin with what would be a comment on its own line. */
const shellText = fc
  .array(fc.oneof(bare, fc.constantFrom("&&", "|", '"a b"', "'c'", "{", "-x")), {
    minLength: 1,
    maxLength: 5,
  })
  .map((words) => words.join(" "));

function flagsOf(args: readonly PlainInstruction["flags"][number][]): readonly string[] {
  return args.map(([flag, value]) => `--${flag}${value === undefined ? "" : `=${value}`}`);
}

const flags = fc.array(fc.tuple(name, fc.option(fc.oneof(bare, fc.constant("")), { nil: undefined })), {
  maxLength: 2,
});

function simple(
  keyword: string,
  words: readonly string[],
  args: unknown,
): (style: Style) => fc.Arbitrary<Written> {
  return (style) =>
    fc.tuple(flags, fc.constantFrom(keyword, keyword.toUpperCase())).chain(([given, written]) =>
      spaced([...flagsOf(given), ...words], style).map((rest) => ({
        text: written + rest,
        plain: { name: keyword, flags: given, args, heredocs: [], comments: [] },
      })),
    );
}

function command(keyword: string): fc.Arbitrary<(style: Style) => fc.Arbitrary<Written>> {
  return fc.oneof(
    shellText.map((text) => simple(keyword, [text], ["text", text])),
    fc
      .array(jsonItem, { maxLength: 4 })
      .map((items) => simple(keyword, [JSON.stringify(items)], ["json", ...items])),
  );
}

const list = fc
  .tuple(
    fc.constantFrom("from", "copy", "add", "volume", "expose"),
    fc.array(bare, { minLength: 1, maxLength: 4 }),
  )
  .map(([keyword, words]) => simple(keyword, words, ["words", ...words]));

const value = fc.oneof(bare, fc.constantFrom("", '"a b"', "'c d'", '"e\'f"'));
const pairs = fc
  .tuple(
    fc.constantFrom("env", "label", "arg"),
    fc.array(fc.tuple(name, value), { minLength: 1, maxLength: 4 }),
  )
  .map(([keyword, each]) =>
    simple(
      keyword,
      each.map(([key, text]) => `${key}=${text}`),
      ["pairs", ...each.map(([key, text]) => [key, "=", text])],
    ),
  );

const text = fc
  .tuple(fc.constantFrom("workdir", "user", "stopsignal", "maintainer", "unknown"), bare)
  .map(([keyword, word]) => simple(keyword, [word], ["text", word]));

const heredocs = fc
  .tuple(
    fc.uniqueArray(name, { minLength: 1, maxLength: 3 }),
    fc.array(
      fc.tuple(
        fc.boolean(),
        fc.boolean(),
        fc.array(fc.constantFrom("a b\n", "\t#c\n", "\\\n", "RUN x\r\n", "\n")),
      ),
      {
        minLength: 3,
        maxLength: 3,
      },
    ),
  )
  .map(([names, forms]) => (style: Style): fc.Arbitrary<Written> => {
    const docs = names.map((each, index) => {
      const [isQuoted, strips, lines] = forms[index]!;
      return { name: each, isQuoted, strips, content: lines.join("") };
    });
    const openings = docs.map(
      ({ name: each, isQuoted, strips }) => `<<${strips ? "-" : ""}${isQuoted ? `'${each}'` : each}`,
    );
    const words = ["cat", ...openings].join(" ");
    const bodies = docs.map(({ name: each, content, strips }) => `${content}${strips ? "\t" : ""}${each}`);
    return simple(
      "run",
      [words],
      ["text", words],
    )(style).map((written) => ({
      text: [written.text, ...bodies].join("\n"),
      plain: {
        ...written.plain,
        heredocs: docs.map(({ name: each, isQuoted, strips, content }) => [each, !isQuoted, strips, content]),
      },
    }));
  });

const instruction = fc.oneof(
  list,
  pairs,
  text,
  heredocs,
  fc.constantFrom("run", "cmd", "entrypoint", "shell").chain(command),
);

const healthcheck = shellText.map((line) =>
  simple("healthcheck", ["CMD", line], ["healthcheck", "CMD", ["text", line]]),
);

function onbuild(inner: (style: Style) => fc.Arbitrary<Written>): (style: Style) => fc.Arbitrary<Written> {
  return (style) =>
    fc.tuple(inner(style), gap(style)).map(([{ text: written, plain }, blank]) => ({
      text: `ONBUILD${blank}${written}`,
      plain: { name: "onbuild", flags: [], args: ["trigger", plain], heredocs: plain.heredocs, comments: [] },
    }));
}

function file(style: Style): fc.Arbitrary<PrintedFile> {
  const one = fc
    .oneof(
      { weight: 6, arbitrary: instruction },
      { weight: 1, arbitrary: healthcheck },
      { weight: 1, arbitrary: instruction.map(onbuild) },
    )
    .chain((write) => write(style));
  const above = fc.array(
    comment.filter((each) => each !== ""),
    { maxLength: 2 },
  );
  const entry = fc.tuple(
    above,
    fc.constantFrom("", " ", "\t"),
    one,
    lineEnd,
    fc.constantFrom("", "\n", " \n\n"),
  );
  return fc.array(entry, { maxLength: 6 }).map((entries) => {
    const head = style.escape === "`" ? "# escape=`\n" : "#\n";
    const lines = entries.map(
      ([comments, indent, { text: written }, end, blank]) =>
        `${blank}${comments.map((each) => `${indent}# ${each}\n`).join("")}${indent}${written}${end}`,
    );
    // An empty line keeps the head's comment and the next ones apart.
    return {
      text: `${head}\n${lines.join("")}`,
      escape: style.escape,
      instructions: entries.map(([comments, , { plain }]) => ({ ...plain, comments })),
    };
  });
}

/** Files of all instructions with white space, continuations and comments in all places. */
export const printedFile: fc.Arbitrary<PrintedFile> = fc
  .constantFrom<Style>({ escape: "\\" }, { escape: "`" })
  .chain(file);
