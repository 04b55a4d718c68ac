import { MarkupKind, type MarkupContent } from "vscode-languageserver";
import type { DirectiveDocumentation } from "./directives.ts";
import type {
  FlagDocumentation,
  InstructionDocumentation,
  ValueDocumentation,
} from "./instruction-documentation.ts";
import type { MountKeyDocumentation, MountTypeDocumentation } from "./mounts.ts";
import type { PredefinedArg } from "./predefined-args.ts";
import { referenceUrl, SLIPWAY_DOCUMENTS } from "./reference-url.ts";

/** Markdown in the form that a client takes. */
export function markup(markdown: string, kind: MarkupKind): MarkupContent {
  if (kind === MarkupKind.Markdown) return { kind, value: markdown };
  const value = markdown
    .replaceAll(/^```.*\n?/gm, "")
    .replaceAll(/\[([^\]]*)\]\(([^)]*)\)/g, "$1: $2")
    .replaceAll(/[`*]/g, "");
  return { kind: MarkupKind.PlainText, value: value.trim() };
}

/** A block of Dockerfile, whatever it holds. */
export function codeBlock(code: string): string {
  // A fence that the code itself cannot close.
  const longest = Math.max(2, ...[...code.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = "`".repeat(longest + 1);
  return `${fence}dockerfile\n${code}\n${fence}`;
}

/** Text in a line of Markdown as it is. */
export function inlineCode(text: string): string {
  const flat = text.replaceAll(/\s+/g, " ");
  return flat.includes("`") ? `\`\` ${flat} \`\`` : `\`${flat}\``;
}

function paragraphs(...parts: readonly (string | undefined)[]): string {
  return parts.filter((part) => part !== undefined && part !== "").join("\n\n");
}

function link(url: string): string {
  return `[${url.startsWith(SLIPWAY_DOCUMENTS) ? "Slipway" : "Dockerfile reference"}](${url})`;
}

function valueList(values: readonly ValueDocumentation[] | undefined): string | undefined {
  return values?.map(({ value, summary }) => `- ${inlineCode(value)}: ${summary}`).join("\n");
}

export function renderInstruction(instruction: InstructionDocumentation): string {
  const { deprecated, summary, syntax, details, example, url } = instruction;
  return paragraphs(
    codeBlock(syntax.join("\n")),
    deprecated && `**Deprecated.** ${deprecated}`,
    summary,
    details,
    "Example:",
    codeBlock(example),
    link(url),
  );
}

export function renderFlag(instruction: string, flag: FlagDocumentation): string {
  const written = flag.placeholder === undefined ? `--${flag.name}` : `--${flag.name}=${flag.placeholder}`;
  return paragraphs(
    codeBlock(`${instruction.toUpperCase()} ${written}`),
    flag.summary,
    valueList(flag.values),
    "Example:",
    codeBlock(flag.example),
    link(flag.url),
  );
}

export function renderMountType(type: MountTypeDocumentation): string {
  return paragraphs(
    codeBlock(`RUN --mount=type=${type.name},…`),
    type.summary,
    "Example:",
    codeBlock(type.example),
    link(type.url),
  );
}

export function renderMountKey(key: MountKeyDocumentation): string {
  const aliases = key.aliases.map((alias) => inlineCode(alias)).join(" or ");
  return paragraphs(
    codeBlock(`RUN --mount=…,${key.name}=${key.placeholder}`),
    key.summary,
    aliases && `Also written ${aliases}.`,
    key.types.length < 5 ? `For mounts of type ${key.types.join(", ")}.` : undefined,
    valueList(key.values),
    link(referenceUrl("run---mount")),
  );
}

export function renderDirective(directive: DirectiveDocumentation): string {
  return paragraphs(
    codeBlock(`# ${directive.name}=${directive.placeholder}`),
    directive.summary,
    "Directives stand at the very top of the file.",
    "Example:",
    codeBlock(directive.example),
    link(directive.url),
  );
}

/** What `#!COMMIT` at the end of a line means. */
export function renderCommitMark(): string {
  return paragraphs(
    codeBlock("RUN make install #!COMMIT"),
    "With `--commit=explicit` the image gets a layer here, and only at lines with this mark and at the end. Otherwise, and to other builders, it is a comment.",
  );
}

export function renderPredefinedArg(arg: PredefinedArg): string {
  const use = {
    platform: "Known in `FROM`; a stage that wants it declares it with `ARG " + arg.name + "`.",
    proxy: "Known in `RUN` without being declared.",
    build: "Set it with `--build-arg`.",
  }[arg.use];
  return paragraphs(codeBlock(`ARG ${arg.name}`), arg.summary, use, link(arg.url));
}
