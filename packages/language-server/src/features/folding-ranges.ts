import type { Span } from "@slipway/frontend-dockerfile/language";
import { type FoldingRange, FoldingRangeKind } from "vscode-languageserver";
import { endOf, innermost } from "../analysis/stages.ts";
import type { DockerfileDocument } from "../documents/dockerfile-document.ts";
import type { ClientOptions } from "../server/client-options.ts";

/** What can be folded: stages, instructions of several lines, here-documents, blocks of comments. */
export function foldingRanges(document: DockerfileDocument, client: ClientOptions): FoldingRange[] {
  const { analysis } = document;
  const { tree, ownStages } = analysis;
  const ranges: FoldingRange[] = [];
  const add = (span: Span, kind?: FoldingRangeKind): void => {
    const startLine = document.positionAt(span.start).line;
    const endLine = document.positionAt(span.end).line;
    if (endLine > startLine) ranges.push({ startLine, endLine, ...(kind === undefined ? {} : { kind }) });
  };
  for (const { from, instructions } of ownStages.stages)
    add({ start: from.span.start, end: endOf(instructions.at(-1) ?? from) }, FoldingRangeKind.Region);
  for (const node of tree.instructions) {
    if (node.heredocs.length === 0) {
      add(node.span);
      continue;
    }
    const { heredocs } = innermost(node);
    add({ start: node.span.start, end: heredocs[0]?.end.end ?? node.span.end });
    // The first one folds with its instruction; the others begin where the one before has ended.
    for (const [index, heredoc] of heredocs.entries())
      if (index > 0) add({ start: heredocs[index - 1]!.end.end, end: heredoc.end.end });
  }
  for (const block of commentBlocks(document)) add(block, FoldingRangeKind.Comment);
  return ranges.toSorted((a, b) => a.startLine - b.startLine).slice(0, client.foldingLimit);
}

/** Comments in lines that follow each other. */
function commentBlocks(document: DockerfileDocument): Span[] {
  const blocks: { start: number; end: number }[] = [];
  for (const { span } of document.analysis.tree.comments) {
    const last = blocks.at(-1);
    const between = last && document.text.slice(last.end, span.start);
    if (last !== undefined && /^[ \t]*\r?\n[ \t]*$/.test(between!)) last.end = span.end;
    else blocks.push({ ...span });
  }
  return blocks;
}
