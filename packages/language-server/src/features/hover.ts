import { type Flag, type InstructionNode, RULES, type Span } from "@slipway/frontend-dockerfile/language";
import type { Hover, Position } from "vscode-languageserver";
import { mountFields } from "../analysis/mount-fields.ts";
import { innermost } from "../analysis/stages.ts";
import { flagDocumentation, instructionDocumentation } from "../documentation/all-instructions.ts";
import { directiveDocumentation } from "../documentation/directives.ts";
import { mountKeyDocumentation, mountTypeDocumentation } from "../documentation/mounts.ts";
import {
  inlineCode,
  markup,
  renderCommitMark,
  renderDirective,
  renderFlag,
  renderInstruction,
  renderMountKey,
  renderMountType,
} from "../documentation/render.ts";
import type { DockerfileDocument } from "../documents/dockerfile-document.ts";
import type { ClientOptions } from "../server/client-options.ts";
import { describeStage, describeVariable } from "./describe-names.ts";

interface Found {
  readonly markdown: string;
  readonly span: Span;
}

/** What is known of the thing at a position. */
export function hover(document: DockerfileDocument, position: Position, client: ClientOptions): Hover | null {
  const found = describe(document, document.offsetAt(position));
  return (
    found && {
      contents: markup(found.markdown, client.hoverMarkup),
      range: document.range(found.span),
    }
  );
}

function describe(document: DockerfileDocument, offset: number): Found | null {
  const { analysis } = document;
  const within = ({ start, end }: Span): boolean => start <= offset && offset < end;

  const rule = describeRule(document, offset);
  if (rule !== null) return rule;
  const directive = analysis.tree.directives.find(({ span }) => within(span));
  if (directive !== undefined) {
    const documentation = directiveDocumentation(directive.name);
    return documentation ? { markdown: renderDirective(documentation), span: directive.span } : null;
  }
  const comments = analysis.tree.comments;
  const node = analysis.instructionAt(offset);
  if (node === undefined || comments.some(({ span }) => within(span))) return null;

  const commit = commitMark(document, node);
  if (commit !== undefined && within(commit)) return { markdown: renderCommitMark(), span: commit };
  const variable = analysis.variables.at(offset);
  if (variable !== undefined) {
    const markdown = describeVariable(document, variable);
    if (markdown !== undefined) return { markdown, span: variable.span };
  }
  const stage = analysis.stages.at(offset);
  if (stage !== undefined) return { markdown: describeStage(stage.stage), span: stage.span };

  for (let inner = node; ; inner = inner.arguments.instruction) {
    if (within(inner.keyword.span)) return describeKeyword(inner);
    if (inner.arguments.form !== "trigger") break;
  }
  const inner = innermost(node);
  const flag = inner.flags.find(({ span }) => within(span));
  return flag === undefined
    ? describeArgument(inner, within)
    : describeFlag(document, { inner, flag, within });
}

/** The name of a rule in a directive or comment for checks. */
function describeRule({ analysis, text }: DockerfileDocument, offset: number): Found | null {
  const lines = [...analysis.tree.directives, ...analysis.tree.comments];
  const line = lines.find(({ span }) => span.start <= offset && offset < span.end);
  if (line === undefined || !/^#\s*check\s*=/i.test(text.slice(line.span.start, line.span.end))) return null;
  for (const { 0: name, index } of text.slice(line.span.start, line.span.end).matchAll(/\w+/g)) {
    const start = line.span.start + index;
    const rule = RULES.find((each) => each.name === name);
    if (rule === undefined || offset < start || offset >= start + name.length) continue;
    const markdown = `${inlineCode(rule.name)}: ${rule.description}.\n\n[Document of the rule](${rule.url})`;
    return { markdown, span: { start, end: start + name.length } };
  }
  return null;
}

/** Where `#!COMMIT` is at the end of an instruction's own line. */
function commitMark({ analysis, text }: DockerfileDocument, node: InstructionNode): Span | undefined {
  const { end } = analysis.logicalText(node);
  const found = /\s(#!\s*commit)\s*$/i.exec(text.slice(node.span.start, end));
  if (found === null) return undefined;
  const start = node.span.start + found.index + 1;
  return { start, end: start + found[1]!.length };
}

function describeKeyword({ name, keyword }: InstructionNode): Found | null {
  const documentation = instructionDocumentation(name);
  return documentation ? { markdown: renderInstruction(documentation), span: keyword.span } : null;
}

function describeFlag(
  document: DockerfileDocument,
  place: { readonly inner: InstructionNode; readonly flag: Flag; readonly within: (span: Span) => boolean },
): Found | null {
  const { inner, flag, within } = place;
  const documentation = flagDocumentation(inner.name, flag.name);
  if (documentation === undefined) return null;
  if (flag.valueSpan !== undefined && within(flag.valueSpan)) {
    if (inner.name === "run" && flag.name === "mount") {
      const field = mountFields(document.text, flag.valueSpan).find(({ span }) => within(span));
      const key = field && mountKeyDocumentation(field.key);
      if (field === undefined || key === undefined) return null;
      if (field.valueSpan !== undefined && within(field.valueSpan)) {
        const type = key.name === "type" ? mountTypeDocumentation(field.value!) : undefined;
        if (type !== undefined) return { markdown: renderMountType(type), span: field.valueSpan };
        const value = key.values?.find((each) => each.value === field.value!.toLowerCase());
        if (value !== undefined)
          return { markdown: `${inlineCode(value.value)}: ${value.summary}`, span: field.valueSpan };
      }
      return { markdown: renderMountKey(key), span: field.span };
    }
    const value = documentation.values?.find((each) => each.value === flag.value);
    if (value !== undefined)
      return { markdown: `${inlineCode(value.value)}: ${value.summary}`, span: flag.valueSpan };
  }
  return { markdown: renderFlag(inner.name, documentation), span: flag.span };
}

/** `HEALTHCHECK CMD` and `NONE`. */
function describeArgument(inner: InstructionNode, within: (span: Span) => boolean): Found | null {
  if (inner.arguments.form !== "healthcheck" || !within(inner.arguments.type.span)) return null;
  const documentation = instructionDocumentation("healthcheck");
  return documentation
    ? { markdown: renderInstruction(documentation), span: inner.arguments.type.span }
    : null;
}
